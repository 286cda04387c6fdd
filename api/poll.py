"""``GET /api/enrichments/{id}``: a job as this front door's standby knows it."""

from starlette.requests import Request
from starlette.responses import Response

from api.job_body import poll_body
from api.json_response import JsonResponse
from api.own_job import own_job


async def get_enrichment(request: Request) -> Response:
    """``GET /api/enrichments/{id}``: how far the job is, and its result."""
    return JsonResponse(poll_body(await own_job(request)))
