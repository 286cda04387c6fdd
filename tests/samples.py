"""Records as tests need them, with what does not matter filled in."""

from datetime import timedelta

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.records import (
    VERSION,
    CancellationRequested,
    EnrichmentRequested,
    IdentifierResults,
    IdentifierTasks,
    Item,
    Job,
    JobOptions,
    Lane,
    SettledItem,
    raw,
)

# Of today, for a fixed day would one day be past every retention.
_NOW = clock.present()
AT = clock.iso(_NOW)
LATER = clock.iso(_NOW + timedelta(seconds=1))


def a_job(
    total=1,
    *,
    job_id="op_1",
    kind="batch",
    fields=(Field.EMAIL,),
    organisation="default",
    accepted_at=AT,
    lane=Lane.BATCH,
    **options,
):
    return Job(
        id=job_id,
        organisation=organisation,
        kind=kind,
        total=total,
        fields=fields,
        accepted_at=accepted_at,
        request_id="r",
        lane=lane,
        options=JobOptions(**options),
    )


def an_item(index, name=None):
    name = name or f"person-{index}"
    return Item(
        index=index, given={"linkedin_url": f"in/{name}"}, identifier=f"linkedin_url:{name}"
    )


def a_request(total=1, **job):
    return EnrichmentRequested(
        version=VERSION,
        job=a_job(total, **job),
        items=tuple(an_item(index) for index in range(total)),
    )


def a_cancellation(total=1, **job):
    return CancellationRequested(version=VERSION, job=a_job(total, **job), requested_at=AT)


def tasks_of(total=1, *, first=0, calls=None, **job):
    """A task of ``total`` persons, beginning with person ``first``, with a share of a cap."""
    items = tuple(an_item(i, f"person-{first + i}") for i in range(total))
    return IdentifierTasks(
        version=VERSION, job=a_job(total, **job), items=items, max_provider_calls=calls
    )


def settled(index, outcome=Outcome.FOUND, answer=None, evidence=None):
    return SettledItem(
        index=index,
        outcome=outcome,
        answer=raw(answer or {"identifier": {}, "status": "success", "index": index}),
        evidence=raw(evidence or {}),
    )


def results_of(job, *items):
    return IdentifierResults(version=VERSION, job=job, items=items)
