"""The one list of routes."""

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

ROUTES = [
    Route("/api/enrichments", post_enrichment, methods=["POST"]),
    Route("/api/enrichments/estimate", post_estimate, methods=["POST"]),
    Route("/api/enrichments/{job_id}", get_enrichment, methods=["GET"]),
    Route("/api/enrichments/{job_id}/events", stream_events, methods=["GET"]),
    Route("/api/operations", list_operations, methods=["GET"]),
    Route("/api/operations/{job_id}", get_enrichment, methods=["GET"]),
    Route("/api/enrichments/{job_id}", delete_enrichment, methods=["DELETE"]),
    Route("/api/operations/{job_id}", delete_enrichment, methods=["DELETE"]),
    Route("/api/operations/{job_id}/events", stream_events, methods=["GET"]),
    Route("/openapi.json", get_openapi, methods=["GET"]),
    Route("/docs", get_docs, methods=["GET"]),
    Route("/health/live", live, methods=["GET"]),
    Route("/health/ready", ready, methods=["GET"]),
]
