"""What leaves a look-up: a result, a public contact, or a person to go on with later."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from enrich_stream import clock, job
from enrich_stream.answer import item_answer
from enrich_stream.enrichment import Enriched
from enrich_stream.fan_out import shares
from enrich_stream.records import (
    VERSION,
    EnrichedContact,
    IdentifierResults,
    IdentifierTasks,
    Item,
    Job,
    SettledItem,
    encode,
    raw,
)
from enrich_stream.topics import MAX_RECORD_BYTES

T = TypeVar("T")

LEAST_WAIT_SECONDS = 1.0
"""Nobody is put back for less: coming again costs two records."""
TOGETHER_SECONDS = 2.0
"""Who comes again within this comes in one record, with the first."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """An item that is gone on with later, and when that may help in seconds since the epoch."""

    item: Item
    retry_at: float


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
    for portion in _portions(
        settled, lambda one: len(bytes(one.answer)) + len(bytes(one.evidence))
    ):
        yield IdentifierResults(version=VERSION, job=job_, items=portion)


def put_back(item: Item, enriched: Enriched, retry_at: float) -> PutBack:
    """The item as it is gone on with later."""
    return PutBack(msgspec.structs.replace(item, so_far=enriched.so_far()), retry_at)


def tasks_for_later(
    tasks: IdentifierTasks, late: Sequence[PutBack], put_back_until: str, calls_left: int | None
) -> Iterator[IdentifierTasks]:
    """The records of those items of ``tasks`` that were put back.

    Items share a record whose moments are close together, and as many as a record may hold. Each
    record has its part of what is left of the job's cap, so that it is not given twice.
    """
    portions = dict(enumerate(_by_moment(late)))
    shares_left = shares(
        calls_left, {p: [one.item for one in ones] for p, ones in portions.items()}
    )
    soonest = clock.present().timestamp() + LEAST_WAIT_SECONDS
    for place, portion in portions.items():
        not_before = max(portion[0].retry_at, soonest)
        yield msgspec.structs.replace(
            tasks,
            items=tuple(one.item for one in portion),
            not_before=clock.iso(datetime.fromtimestamp(not_before, UTC)),
            put_back_until=put_back_until,
            max_provider_calls=shares_left[place],
        )


def _by_moment(late: Sequence[PutBack]) -> Iterator[tuple[PutBack, ...]]:
    in_order = sorted(late, key=lambda one: one.retry_at)
    close: list[PutBack] = []
    for one in in_order:
        if close and one.retry_at - close[0].retry_at > TOGETHER_SECONDS:
            yield from _portions(close, _weight)
            close = []
        close.append(one)
    yield from _portions(close, _weight)


def _weight(one: PutBack) -> int:
    return len(encode(one.item))


def _portions(items: Sequence[T], weight: Callable[[T], int]) -> Iterator[tuple[T, ...]]:
    """The items in portions that are no larger than a record may be."""
    portion: list[T] = []
    size = 0
    for item in items:
        bytes_ = weight(item)
        if portion and size + bytes_ > MAX_RECORD_BYTES // 2:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(item)
        size += bytes_
    if portion:
        yield tuple(portion)
