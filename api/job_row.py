"""What a standby keeps of one job beside its items, and how changelog records fold into it.

Everything here is pure. Records of a job come on three topics in any order and may come again;
folding them gives the same row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from enrich_stream import job
from enrich_stream.job import Status
from enrich_stream.person import Outcome
from enrich_stream.records import Job, JobHeader, Part


class JobRow(Part, frozen=True, kw_only=True):
    """One job; its sets of items are written as those of ``JobHeader``.

    Attributes:
        header: As its workers have it, or its request before them; None while only items came.
        found: Set of the items that are here and were found.
        absent: The same for absent.
        unknown: The same for unknown.
        listed: The status under which it is in the lists.
    """

    header: JobHeader | None = None
    found: str = "0"
    absent: str = "0"
    unknown: str = "0"
    listed: Status | None = None


OPEN = frozenset({Status.QUEUED, Status.PROCESSING})
"""The statuses of a job that has not ended."""
ENDED = frozenset(Status) - OPEN

NOTHING = JobRow()
"""The row of a job of which nothing is known."""


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as a caller may see it.

    Attributes:
        header: How far it is.
        here: Set of the items that can be shown, a bit for each: settled, and not cancelled before.
        status: The state in the contract's words; the job has ended only once all of it is here.
    """

    header: JobHeader
    here: int
    status: Status

    @property
    def id(self) -> str:
        """The job's id."""
        return self.header.job.id

    @property
    def is_complete(self) -> bool:
        """Whether it has ended and everything of it is here."""
        return self.status in ENDED

    @property
    def shown(self) -> Sequence[int] | None:
        """Indexes of the items that can be shown; None when that is all there is of the job.

        A row may come for an item that was cancelled while it was looked up.
        """
        if not job.cancelled_items(self.header):
            return None
        return [index for index in range(self.header.job.total) if self.here >> index & 1]

    @property
    def progress(self) -> int | None:
        """Per cent of the items that are settled; None while it is queued."""
        if self.status is Status.QUEUED:
            return None
        # A header may arrive before the last rows do: then it says 100 a moment too early.
        return min(job.progress(self.header), 100 if self.is_complete else 99)


def with_request(row: JobRow, accepted: Job) -> JobRow:
    """The row after the job's request, which says nothing new once the job is known."""
    if row.header is not None:
        return row
    return msgspec.structs.replace(row, header=job.open_job(accepted, accepted.accepted_at))


def with_header(row: JobRow, header: JobHeader | None) -> JobRow:
    """The row after the workers wrote ``header``, or deleted it."""
    if row.header is not None and header is not None:
        # Theirs is the job that counts: of two requests under one key they took the first.
        header = msgspec.structs.replace(job.merge(row.header, header), job=header.job)
    return msgspec.structs.replace(row, header=header)


def with_items(row: JobRow, changes: Mapping[int, Outcome | None]) -> JobRow:
    """The row after items came, or went (None); the last word on an item counts."""
    touched = 0
    came = dict.fromkeys(Outcome, 0)
    for index, outcome in changes.items():
        touched |= 1 << index
        if outcome is not None:
            came[outcome] |= 1 << index
    sets = {o: f"{int(getattr(row, o), 16) & ~touched | came[o]:x}" for o in Outcome}
    return msgspec.structs.replace(row, **sets)


def settle(row: JobRow) -> JobRow:
    """The row once all records of a batch are in it: its header and rows agree on the status."""
    if row.header is None:
        return msgspec.structs.replace(row, listed=None)
    header = _by_rows(row, row.header)
    status = job.status(header)
    # Rows and header travel on two topics, and a job has not ended before both say so.
    if job.is_complete(header) and _settled(header) & ~_settled(row):
        status = Status.PROCESSING
    return msgspec.structs.replace(row, header=header, listed=status)


def view_of(row: JobRow) -> JobView | None:
    """The job of a settled row, or None while it has no header."""
    if row.header is None or row.listed is None:
        return None
    here = _settled(row) & ~job.cancelled_items(row.header)
    return JobView(row.header, here, row.listed)


def _by_rows(row: JobRow, header: JobHeader) -> JobHeader:
    """The header with what the rows say of it.

    The rows decide, but for items that were cancelled. A header may be behind them for ever, when
    a worker that had lost its partitions was the last to write it.
    """
    open_items = (1 << header.job.total) - 1 & ~job.cancelled_items(header)
    sets = {o.value: f"{int(getattr(row, o), 16) & open_items:x}" for o in Outcome}
    return job.merge(msgspec.structs.replace(header, **sets), header)


def _settled(sets: JobHeader | JobRow) -> int:
    return int(sets.found, 16) | int(sets.absent, 16) | int(sets.unknown, 16)
