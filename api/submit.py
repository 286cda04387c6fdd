"""``POST /api/enrichments``: a job is accepted once Kafka has it, and maybe waited for."""

import asyncio
from urllib.parse import urljoin

import structlog
from starlette.requests import Request
from starlette.responses import Response

from api import metrics
from api.back_pressure import check_room
from api.bodies import Order, parse_order
from api.caller import Caller, caller_of
from api.job_body import accepted_body, synchronous_body
from api.job_id import new_job_id
from api.job_store import JobView
from api.json_response import JsonResponse
from api.problems import Problem, unavailable
from enrich_stream import clock
from enrich_stream.errors import InputError, UnavailableError
from enrich_stream.logs import bind_job
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.records import VERSION, EnrichmentRequested, Item, Job, Lane
from enrich_stream.settings import Settings

log = structlog.get_logger(__name__)

CONTACT_FIELDS = frozenset({Field.EMAIL, Field.PHONE})


async def post_enrichment(request: Request) -> Response:
    """``POST /api/enrichments``: 200 with the data, or 202 with the operation to poll."""
    settings: Settings = request.state.settings
    order = parse_order(await _body(request, settings.max_body_bytes))
    caller = caller_of(request)
    job_id = new_job_id(caller.organisation, request.headers.get("Idempotency-Key"))
    accepted = _accept(order, job_id, caller, request.state.request_id)
    if request.state.standby.view(job_id) is None:  # a repeat needs no room
        check_room(request.state.standby, accepted.job, settings)
    bind_job(accepted.job)
    with request.state.standby.watch(accepted.job.id) as changed:
        try:
            await request.state.publisher.publish(accepted)
        except UnavailableError:
            raise unavailable("The request could not be stored. Nothing was started.") from None
        except InputError as error:
            raise Problem(413, str(error)) from None
        _note(accepted.job)
        if accepted.job.lane is Lane.SYNC:
            view = await _completed(request, accepted.job.id, changed)
            if view and (body := synchronous_body(view, request.state.request_id)):
                return JsonResponse(body)
    poll_url = _poll_url(request, accepted.job.id)
    return JsonResponse(
        accepted_body(accepted.job.id, poll_url, request.state.request_id), status_code=202
    )


def _accept(order: Order, job_id: str, caller: Caller, request_id: str) -> EnrichmentRequested:
    job = Job(
        id=job_id,
        organisation=caller.organisation,
        kind=order.kind,
        total=len(order.persons),
        fields=order.fields,
        accepted_at=clock.now(),
        request_id=request_id,
        lane=Lane.SYNC if _may_wait(order) else Lane.BATCH,
        signals_config=order.signals_config,
    )
    items = tuple(
        Item(index=index, given=person.given, identifier=str(person.identifier))
        for index, person in enumerate(order.persons)
    )
    return EnrichmentRequested(version=VERSION, job=job, items=items)


def _note(job: Job) -> None:
    metrics.job_accepted(job)
    log.info("job.accepted", organisation=job.organisation, lane=job.lane, items=job.total)


def _may_wait(order: Order) -> bool:
    kinds = {person.identifier.kind for person in order.persons}
    wanted = frozenset(order.fields)
    return (
        order.kind == "single" and kinds == {IdentifierKind.LINKEDIN} and wanted <= CONTACT_FIELDS
    )


async def _completed(request: Request, job_id: str, changed: asyncio.Event) -> JobView | None:
    """The job once it has ended, or None when that takes longer than the budget."""
    try:
        async with asyncio.timeout(request.state.settings.sync_budget_seconds):
            while True:
                view: JobView | None = request.state.standby.view(job_id)
                if view and view.is_complete:
                    return view
                await changed.wait()
                changed.clear()
    except TimeoutError:
        return None


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem(413, f"The body is larger than {limit} bytes.")
    return bytes(body)


def _poll_url(request: Request, job_id: str) -> str:
    settings: Settings = request.state.settings
    return urljoin(settings.public_url or str(request.base_url), f"/api/enrichments/{job_id}")
