"""``GET /api/enrichments/{id}``: a job as this front door's standby knows it."""

from starlette.requests import Request
from starlette.responses import Response

from api.job_body import poll_body
from api.json_response import JsonResponse
from api.problems import Problem, unavailable
from enrich_stream.errors import StorageError, UnavailableError


async def get_enrichment(request: Request) -> Response:
    """``GET /api/enrichments/{id}``: how far the job is, and its result."""
    job_id: str = request.path_params["job_id"]
    try:
        view = await request.state.standby.view_accepted(
            job_id, request.state.settings.catch_up_seconds
        )
    except (UnavailableError, StorageError):
        raise unavailable("It cannot be told at the moment whether this job exists.") from None
    if view is None:
        raise Problem(404, "Resource not found.")
    return JsonResponse(poll_body(view))
