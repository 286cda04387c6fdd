"""The one way from a request to the job it names: somebody else's job does not exist."""

from starlette.requests import Request

from api.caller import caller_of
from api.final_answer import FinalAnswer
from api.job_row import JobView
from api.problems import Problem, unavailable
from enrich_stream.errors import StorageError, UnavailableError


async def own_job(request: Request) -> JobView:
    """The job of the path, as this front door knows it.

    Raises:
        Problem: 404 when the caller's organisation has no such job, 503 when that cannot be told.
    """
    try:
        view: JobView | None = await request.state.standby.view_accepted(
            request.path_params["job_id"], request.state.settings.catch_up_seconds
        )
    except (UnavailableError, StorageError):
        raise unavailable("It cannot be told at the moment whether this job exists.") from None
    if view is None or view.header.job.organisation != caller_of(request).organisation:
        raise no_such_job()
    return view


def own_final_answer(request: Request) -> FinalAnswer | None:
    """The answer about the job of the path when it was kept; None says nothing about the job."""
    try:
        answer: FinalAnswer | None = request.state.standby.final_answer(
            request.path_params["job_id"]
        )
    except StorageError:
        return None
    is_own = answer is not None and answer.organisation == caller_of(request).organisation
    return answer if is_own else None


def no_such_job() -> Problem:
    """404: there is none, or none any more, or it is somebody else's."""
    return Problem(404, "Resource not found.")
