"""The job that a path names, for every route that shows or changes one."""

from starlette.requests import Request

from api.job_row import JobView
from api.problems import Problem, unavailable
from enrich_stream.errors import UnavailableError


async def find_job(request: Request) -> JobView:
    """The job; raises ``Problem`` 404 when there is none, 503 when that cannot be told."""
    job_id: str = request.path_params["job_id"]
    try:
        view: JobView | None = await request.state.standby.view_accepted(
            job_id, request.state.settings.catch_up_seconds
        )
    except UnavailableError:
        raise unavailable("It cannot be told at the moment whether this job exists.") from None
    if view is None:
        raise no_such_job()
    return view


def no_such_job() -> Problem:
    """404: there is none, or none any more."""
    return Problem(404, "Resource not found.")
