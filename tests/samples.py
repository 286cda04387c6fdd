"""Records as tests need them, with what does not matter filled in."""

from enrich_stream.person import Field, Outcome
from enrich_stream.records import (
    VERSION,
    EnrichmentRequested,
    IdentifierResults,
    IdentifierTasks,
    Item,
    Job,
    SettledItem,
    raw,
)

AT = "2026-11-23T10:00:00.000Z"
LATER = "2026-11-23T10:00:01.000Z"


def a_job(total=1, *, job_id="op_1", kind="batch", fields=(Field.EMAIL,), organisation="default"):
    return Job(
        id=job_id,
        organisation=organisation,
        kind=kind,
        total=total,
        fields=fields,
        accepted_at=AT,
        request_id="r",
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


def tasks_of(total=1, *, first=0, **job):
    """A task of ``total`` persons, beginning with person ``first``."""
    items = tuple(an_item(i, f"person-{first + i}") for i in range(total))
    return IdentifierTasks(version=VERSION, job=a_job(total, **job), items=items)


def settled(index, outcome=Outcome.FOUND, answer=None):
    return SettledItem(
        index=index,
        outcome=outcome,
        answer=raw(answer or {"identifier": {}, "status": "success", "index": index}),
        evidence=raw({}),
    )


def results_of(job, *items):
    return IdentifierResults(version=VERSION, job=job, items=items)
