"""The rules of a job: how results fold into its header, and what state that makes it.

Everything here is pure. Folding is idempotent and does not depend on order: any order and any
repetition of the same results gives the same header (but for its times). A cancellation ends
every item that has no outcome yet, so it is one more way for an item to keep its first end.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from enrich_stream.person import Outcome
from enrich_stream.records import VERSION, Job, JobHeader, SettledItem

_CANCELLED = "cancelled"
_SETS = (*(outcome.value for outcome in Outcome), _CANCELLED)


class Status(StrEnum):
    """The states of a job in the HTTP contract."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    PARTIAL_SUCCESS = "partial_success"
    FAILED = "failed"
    CANCELLED = "cancelled"


def open_job(job: Job, at: str) -> JobHeader:
    """The header of a job of which nothing is settled yet."""
    return JobHeader(version=VERSION, job=job, updated_at=at)


def item_key(job_id: str, index: int) -> str:
    """The key of an item's row; padded, so that rows sort in the caller's order."""
    return f"{job_id}/{index:03d}"


def settle(header: JobHeader, items: Iterable[SettledItem], at: str) -> JobHeader:
    """The header after ``items``; an item that was settled before keeps its first outcome."""
    sets = {name: _members(header, name) for name in _SETS}
    ended = _ended(header)
    for item in items:
        bit = 1 << item.index
        if not ended & bit and item.index < header.job.total:
            ended |= bit
            sets[item.outcome] |= bit
    if ended == _ended(header):
        return header
    complete = ended == _all(header)
    return msgspec.structs.replace(
        header, **_written(sets), updated_at=at, completed_at=at if complete else None
    )


def cancel(header: JobHeader, at: str) -> JobHeader:
    """The header once nothing more is done for the job; one that has ended stays as it is."""
    left = _all(header) & ~_ended(header)
    if not left:
        return header
    return msgspec.structs.replace(
        header, **_written({_CANCELLED: left}), updated_at=at, completed_at=at
    )


def dispatch(header: JobHeader, at: str) -> JobHeader:
    """The header once every task of the job is on its topic."""
    return msgspec.structs.replace(header, dispatched=True, updated_at=at)


def merge(one: JobHeader, other: JobHeader) -> JobHeader:
    """What two headers of the same job say together; ``one`` decides where they disagree.

    A worker that was frozen while its partitions moved on may write a header that is behind.
    """
    ended = _ended(one)
    sets = {name: _members(one, name) | _members(other, name) & ~ended for name in _SETS}
    return msgspec.structs.replace(
        one,
        **_written(sets),
        dispatched=one.dispatched or other.dispatched,
        updated_at=max(one.updated_at, other.updated_at),
        completed_at=one.completed_at or other.completed_at,
    )


def is_complete(header: JobHeader) -> bool:
    """Whether every item is settled or cancelled."""
    return _ended(header) == _all(header)


def pending_items(header: JobHeader) -> frozenset[int]:
    """Indexes of the items that are neither settled nor cancelled."""
    ended = _ended(header)
    return frozenset(i for i in range(header.job.total) if not ended >> i & 1)


def open_count(header: JobHeader) -> int:
    """How many items are neither settled nor cancelled."""
    return header.job.total - _ended(header).bit_count()


def settled_count(header: JobHeader) -> int:
    """How many items are settled; a cancelled job keeps those that it had."""
    return _settled(header).bit_count()


def is_cancelled(header: JobHeader, index: int) -> bool:
    """Whether the item was cancelled before it had an outcome; it will never have one."""
    return bool(_members(header, _CANCELLED) >> index & 1)


def cancelled_items(header: JobHeader) -> int:
    """Set of the items that were cancelled before they had an outcome, a bit for each."""
    return _members(header, _CANCELLED)


def is_expired(job: Job, at: datetime, retention: timedelta) -> bool:
    """Whether the job is no longer kept."""
    return is_past(job.accepted_at, at, retention)


def is_past(accepted_at: str, at: datetime, retention: timedelta) -> bool:
    """Whether a job that was accepted then is no longer kept."""
    return at - datetime.fromisoformat(accepted_at) >= retention


def seconds_taken(header: JobHeader) -> float:
    """From its acceptance to the last change; two machines' clocks may make it 0."""
    accepted, changed = map(datetime.fromisoformat, (header.job.accepted_at, header.updated_at))
    return max(0.0, (changed - accepted).total_seconds())


def count(header: JobHeader, outcome: Outcome) -> int:
    """How many items were settled with ``outcome``."""
    return _members(header, outcome).bit_count()


def progress(header: JobHeader) -> int:
    """Per cent of the items that are settled; 100 only when all are."""
    return 100 * settled_count(header) // header.job.total


def status(header: JobHeader) -> Status:
    """The state of the job in the contract's words."""
    if not is_complete(header):
        untouched = not header.dispatched and not _settled(header)
        return Status.QUEUED if untouched else Status.PROCESSING
    if _members(header, _CANCELLED):
        return Status.CANCELLED
    found = count(header, Outcome.FOUND)
    if found == header.job.total:
        return Status.SUCCEEDED
    return Status.PARTIAL_SUCCESS if found else Status.FAILED


def _members(header: JobHeader, name: str) -> int:
    return int(getattr(header, name), 16)


def _written(sets: Mapping[str, int]) -> dict[str, str]:
    return {name: f"{members:x}" for name, members in sets.items()}


def _settled(header: JobHeader) -> int:
    return int(header.found, 16) | int(header.absent, 16) | int(header.unknown, 16)


def _ended(header: JobHeader) -> int:
    return _settled(header) | int(header.cancelled, 16)


def _all(header: JobHeader) -> int:
    return (1 << header.job.total) - 1
