"""The one list of routes."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.cancel import delete_enrichment
from api.docs import get_docs
from api.estimate import post_estimate
from api.events import stream_events
from api.health import live, ready
from api.listing import list_operations
from api.openapi import get_openapi
from api.poll import get_enrichment
from api.submit import post_enrichment

Handler = Callable[[Request], Awaitable[Response]]


class Endpoint:
    """A handler as the router calls it.

    Starlette would do the same for a bare function, and look for errors a second time.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.__name__ = handler.__name__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._handler(Request(scope, receive, send))
        await response(scope, receive, send)


async def one_job(request: Request) -> Response:
    """One path, several methods: a single route, so that ``Allow`` names all of them."""
    return await _OF_ONE_JOB[request.method](request)


_OF_ONE_JOB: Mapping[str, Handler] = {
    "GET": get_enrichment,
    "HEAD": get_enrichment,
    "DELETE": delete_enrichment,
}


def _route(path: str, handler: Handler, *methods: str) -> Route:
    return Route(path, Endpoint(handler), methods=methods)


ROUTES = [
    _route("/api/enrichments", post_enrichment, "POST"),
    _route("/api/enrichments/estimate", post_estimate, "POST"),
    _route("/api/enrichments/{job_id}", one_job, "GET", "DELETE"),
    _route("/api/enrichments/{job_id}/events", stream_events, "GET"),
    _route("/api/operations", list_operations, "GET"),
    _route("/api/operations/{job_id}", one_job, "GET", "DELETE"),
    _route("/api/operations/{job_id}/events", stream_events, "GET"),
    _route("/openapi.json", get_openapi, "GET"),
    _route("/docs", get_docs, "GET"),
    _route("/health/live", live, "GET"),
    _route("/health/ready", ready, "GET"),
]
