"""``POST /api/enrichments``: a job is accepted once Kafka has it, and maybe waited for."""

from collections.abc import Mapping

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from ulid import ULID

from api import metrics
from api.back_pressure import check_room
from api.bodies import parse_order
from api.caller import Caller, caller_of
from api.idempotency import REPLAYED, claim_key, is_under_way, known_claim, new_claim
from api.include import shown_items
from api.job_body import accepted_body, poll_body, synchronous_body
from api.job_row import JobView
from api.json_response import JsonResponse
from api.order import Order
from api.problems import Problem, unavailable
from api.public_url import public_url
from api.quota import check_quota
from api.waiting import preferred_wait, until, waiting_headers
from enrich_stream import clock
from enrich_stream.errors import InputError, UnavailableError
from enrich_stream.logs import bind_job
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.records import VERSION, EnrichmentRequested, Job, Lane

log = structlog.get_logger(__name__)

CONTACT_FIELDS = frozenset({Field.EMAIL, Field.PHONE})


async def post_enrichment(request: Request) -> Response:
    """``POST /api/enrichments``: 200 with the data, or 202 with the operation to poll."""
    order = parse_order(await request.body())
    job_, is_replay = await _admit(request, order)
    if not (is_replay and await is_under_way(request, job_.id)):
        bind_job(job_)
        await _publish(request, EnrichmentRequested(version=VERSION, job=job_, items=order.items))
        _note(job_)
    return await _answer(request, job_, REPLAYED if is_replay else {})


def new_job(order: Order, caller: Caller, request_id: str) -> Job:
    """What is ordered, as a job that is accepted now; ``op_`` and a ULID is its id."""
    return Job(
        id=f"op_{ULID()}",
        organisation=caller.organisation,
        kind=order.kind,
        total=len(order.items),
        fields=order.fields,
        accepted_at=clock.now(),
        request_id=request_id,
        lane=Lane.SYNC if _may_wait(order) else Lane.BATCH,
        signals_config=order.signals_config,
        options=order.options,
    )


async def _admit(request: Request, order: Order) -> tuple[Job, bool]:
    """The job to be done, and whether it is that of an earlier request with the same key."""
    job = new_job(order, caller_of(request), request.state.request_id)
    key = claim_key(request)
    claim = known_claim(request, key, order) if key else None
    if claim is None:  # a repeat needs neither
        check_room(request.state.standby, job, request.state.settings)
        check_quota(request.state.standby, job, request.state.settings)
        claim = await new_claim(request, key, order, job) if key else None
    if claim is None:
        return job, False
    claimed = msgspec.structs.replace(job, id=claim.job_id, accepted_at=claim.accepted_at)
    return claimed, claimed.id != job.id


async def _publish(request: Request, accepted: EnrichmentRequested) -> None:
    try:
        await request.state.publisher.publish(accepted)
    except UnavailableError:
        raise unavailable("The request could not be stored. Nothing was started.") from None
    except InputError as error:
        raise Problem(413, str(error)) from None


def _note(job: Job) -> None:
    metrics.job_accepted(job)
    log.info("job.accepted", organisation=job.organisation, lane=job.lane, items=job.total)


def _may_wait(order: Order) -> bool:
    is_one = order.kind == "single" and CONTACT_FIELDS.issuperset(order.fields)
    return is_one and IdentifierKind.LINKEDIN in order.items[0].given


async def _answer(request: Request, job: Job, replayed: Mapping[str, str]) -> Response:
    """200 when it is a synchronous request that ends in time; otherwise 202.

    Who asks to wait gets in the 202 what a poll would say then, with the result if it has ended.
    """
    wait, request_id = preferred_wait(request), request.state.request_id
    view = await _waited_for(request, job, wait)
    items = shown_items(request.state.standby, view, frozenset()) if view else None
    headers = {**replayed, **waiting_headers(wait, is_complete=items is not None)}
    if view and items and job.lane is Lane.SYNC:
        body = synchronous_body(view, items, request_id)
        if body is not None:
            return JsonResponse(body, headers=headers)
    poll_url = public_url(request, f"/api/enrichments/{job.id}")
    body = accepted_body(job.id, poll_url, request_id)
    if view and wait is not None:
        body |= poll_body(view, items)
    return JsonResponse(body, status_code=202, headers=headers | {"Location": poll_url})


async def _waited_for(request: Request, job: Job, wait: int | None) -> JobView | None:
    """The job as it is when the wait for it is over; None when it was not waited for."""
    budget = request.state.settings.sync_budget_seconds if job.lane is Lane.SYNC else 0
    seconds = budget if wait is None else wait

    def has_ended(view: JobView | None) -> bool:
        return view is not None and view.is_complete

    return await until(has_ended, request, job.id, seconds) if seconds else None
