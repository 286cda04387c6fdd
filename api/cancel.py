"""``DELETE /api/enrichments/{id}``: no more is done for a job; what is settled of it stays."""

from starlette.requests import Request
from starlette.responses import Response

from api.own_job import own_job
from api.problems import unavailable
from api.shown_job import plain_body
from enrich_stream import clock, job
from enrich_stream.errors import UnavailableError
from enrich_stream.records import VERSION, CancellationRequested, Job


async def delete_enrichment(request: Request) -> Response:
    """``DELETE /api/enrichments/{id}``: 200 with the job as it ended, like GET shows it.

    A job that has ended already stays as it is. 202 when the cancellation is durable but no
    worker has ended the job in time: it will be, and nobody is asked for it from now on.
    """
    view = await own_job(request)
    if not job.is_complete(view.header):
        await _store(request, view.header.job)
    standby, job_id = request.state.standby, view.header.job.id
    ended = await standby.view_when(
        job_id, lambda now: now.is_complete, request.state.settings.catch_up_seconds
    )
    shown = ended or standby.view(job_id) or view
    body = plain_body(standby, shown)
    return Response(body, status_code=200 if ended else 202, media_type="application/json")


async def _store(request: Request, job_: Job) -> None:
    wanted = CancellationRequested(version=VERSION, job=job_, requested_at=clock.now())
    try:
        await request.state.publisher.cancel(wanted)
    except UnavailableError:
        raise unavailable("The cancellation could not be stored. The job goes on.") from None
