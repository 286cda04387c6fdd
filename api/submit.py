"""``POST /api/enrichments``: a job is accepted once Kafka has it, and maybe waited for."""

import asyncio
from urllib.parse import urljoin

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from ulid import ULID

from api.back_pressure import check_room
from api.bodies import Order, parse_order
from api.caller import Caller, caller_of
from api.idempotency import REPLAYED, claim_key, is_under_way, known_claim, new_claim
from api.job_body import accepted_body, synchronous_body
from api.job_store import JobView
from api.json_response import JsonResponse
from api.problems import Problem, unavailable
from enrich_stream import clock
from enrich_stream.errors import InputError, UnavailableError
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.records import VERSION, EnrichmentRequested, Item, Job, Lane
from enrich_stream.settings import Settings

CONTACT_FIELDS = frozenset({Field.EMAIL, Field.PHONE})


async def post_enrichment(request: Request) -> Response:
    """``POST /api/enrichments``: 200 with the data, or 202 with the operation to poll."""
    order = parse_order(await read_body(request))
    job_, is_replay = await _admit(request, order)
    headers = REPLAYED if is_replay else {}
    with request.state.standby.watch(job_.id) as changed:
        if not (is_replay and await is_under_way(request, job_.id)):
            await _publish(request, _requested(job_, order))
        if job_.lane is Lane.SYNC:
            view = await _completed(request, job_.id, changed)
            if view and (body := synchronous_body(view, request.state.request_id)):
                return JsonResponse(body, headers=headers)
    body = accepted_body(job_.id, _poll_url(request, job_.id), request.state.request_id)
    return JsonResponse(body, status_code=202, headers=headers)


def new_job(order: Order, caller: Caller, request_id: str) -> Job:
    """What is ordered, as a job that is accepted now; ``op_`` and a ULID is its id."""
    return Job(
        id=f"op_{ULID()}",
        organisation=caller.organisation,
        kind=order.kind,
        total=len(order.persons),
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
    if claim is None:  # a repeat needs no room
        check_room(request.state.standby, job, request.state.settings)
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


def _requested(job: Job, order: Order) -> EnrichmentRequested:
    items = tuple(
        Item(index=index, given=person.given, identifier=str(person.identifier))
        for index, person in enumerate(order.persons)
    )
    return EnrichmentRequested(version=VERSION, job=job, items=items)


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


async def read_body(request: Request) -> bytes:
    """The body; ``Problem`` 413 as soon as it is larger than the settings allow."""
    limit = request.state.settings.max_body_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem(413, f"The body is larger than {limit} bytes.")
    return bytes(body)


def _poll_url(request: Request, job_id: str) -> str:
    settings: Settings = request.state.settings
    return urljoin(settings.public_url or str(request.base_url), f"/api/enrichments/{job_id}")
