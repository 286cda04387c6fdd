"""Counts every request by its route, so that a path nobody serves makes no series of its own."""

import time
from functools import cache

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import REQUEST_SECONDS, REQUESTS

NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Around everything else, so that it also sees what was refused before any route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = "none"  # of a caller who went away before there was an answer

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = _route(scope)
            _requests(route, _method(scope), status).inc()
            _seconds(route).observe(time.perf_counter() - started)


@cache
def _requests(route: str, method: str, status: str) -> Counter:
    return REQUESTS.labels(route, method, status)


@cache
def _seconds(route: str) -> Histogram:
    return REQUEST_SECONDS.labels(route)


def _route(scope: Scope) -> str:
    # The router leaves there what it has found; a handler's name is as short as a list of routes.
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", NO_ROUTE)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"
