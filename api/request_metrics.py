"""Counts every request by its route, so that a path nobody serves makes no series of its own."""

from functools import cache

from prometheus_client import Counter, Histogram
from starlette.types import Scope

from api.metrics import REQUEST_SECONDS, REQUESTS

NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(scope: Scope, status: int | None, seconds: float) -> None:
    """Count a request that is over; its caller went away when there is no status."""
    requests, times = _series(_route(scope), _method(scope), status)
    requests.inc()
    times.observe(seconds)


@cache
def _series(route: str, method: str, status: int | None) -> tuple[Counter, Histogram]:
    shown = "none" if status is None else str(status)
    return REQUESTS.labels(route, method, shown), REQUEST_SECONDS.labels(route)


def _route(scope: Scope) -> str:
    # The router leaves there what it has found; a handler's name is as short as a list of routes.
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", NO_ROUTE)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"
