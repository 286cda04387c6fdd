"""What leaves a look-up: a result, a public contact, or a person to go on with later."""

from collections.abc import Iterator, Sequence

import msgspec

from enrich_stream import clock, job
from enrich_stream.answer import item_answer
from enrich_stream.enrichment import Enriched
from enrich_stream.records import (
    VERSION,
    EnrichedContact,
    IdentifierResults,
    IdentifierTasks,
    Item,
    Job,
    SettledItem,
    raw,
)
from enrich_stream.topics import MAX_RECORD_BYTES


def settled_item(item: Item, enriched: Enriched) -> SettledItem:
    """The item as its job keeps it."""
    return SettledItem(
        index=item.index,
        outcome=enriched.outcome,
        answer=raw(item_answer(item.given, enriched)),
        evidence=raw({"fields": enriched.fields, "trail": enriched.trail}),
    )


def contact_of(job_: Job, item: Item, enriched: Enriched, provider_calls: int) -> EnrichedContact:
    """The person as other systems get it."""
    return EnrichedContact(
        version=VERSION,
        id=job.item_key(job_.id, item.index),
        organisation=job_.organisation,
        identifier=item.identifier,
        given=item.given,
        outcome=enriched.outcome,
        person_known=enriched.person_known,
        fields=dict(enriched.fields),
        trail=enriched.trail,
        enriched_at=clock.now(),
        providers=job_.options.providers,
        provider_calls=provider_calls,
    )


def results_of(job_: Job, settled: Sequence[SettledItem]) -> Iterator[IdentifierResults]:
    """The items in records that are no larger than a record may be."""
    portion: list[SettledItem] = []
    size = 0
    for item in settled:
        weight = len(bytes(item.answer)) + len(bytes(item.evidence))
        if portion and size + weight > MAX_RECORD_BYTES // 2:
            yield IdentifierResults(version=VERSION, job=job_, items=tuple(portion))
            portion, size = [], 0
        portion.append(item)
        size += weight
    if portion:
        yield IdentifierResults(version=VERSION, job=job_, items=tuple(portion))


def put_back(item: Item, enriched: Enriched) -> Item:
    """The item as it is gone on with later."""
    return msgspec.structs.replace(item, so_far=enriched.so_far())


def tasks_for_later(
    tasks: IdentifierTasks, items: Sequence[Item], not_before: str, calls_left: int | None
) -> IdentifierTasks:
    """The record of those items of ``tasks`` that were put back."""
    return msgspec.structs.replace(
        tasks, items=tuple(items), not_before=not_before, max_provider_calls=calls_left
    )
