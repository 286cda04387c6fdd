"""The one list of routes."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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


async def one_job(request: Request) -> Response:
    """One path, several methods: a single route, so that ``Allow`` names all of them."""
    return await _OF_ONE_JOB[request.method](request)


_OF_ONE_JOB: Mapping[str, Handler] = {
    "GET": get_enrichment,
    "HEAD": get_enrichment,
    "DELETE": delete_enrichment,
}

ROUTES = [
    Route("/api/enrichments", post_enrichment, methods=["POST"]),
    Route("/api/enrichments/estimate", post_estimate, methods=["POST"]),
    Route("/api/enrichments/{job_id}", one_job, methods=["GET", "DELETE"]),
    Route("/api/enrichments/{job_id}/events", stream_events, methods=["GET"]),
    Route("/api/operations", list_operations, methods=["GET"]),
    Route("/api/operations/{job_id}", one_job, methods=["GET", "DELETE"]),
    Route("/api/operations/{job_id}/events", stream_events, methods=["GET"]),
    Route("/openapi.json", get_openapi, methods=["GET"]),
    Route("/docs", get_docs, methods=["GET"]),
    Route("/health/live", live, methods=["GET"]),
    Route("/health/ready", ready, methods=["GET"]),
]
