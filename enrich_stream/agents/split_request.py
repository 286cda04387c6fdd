"""A request opens its job and becomes tasks."""

from datetime import timedelta

import structlog
from faust.types import EventT

from enrich_stream import clock, job
from enrich_stream.fair_share import FairShare
from enrich_stream.fan_out import tasks_for
from enrich_stream.logs import bind_job
from enrich_stream.outbox import Delivery, Outbox, delivered, somebody_waits
from enrich_stream.records import (
    EnrichmentRequested,
    Job,
    JobHeader,
    Lane,
    check_key,
    decode,
    encode,
)
from enrich_stream.tables import DurableTable
from enrich_stream.topics import Topic

log = structlog.get_logger(__name__)


class SplitRequest:
    """Writes the table ``jobs`` and the tasks topic of its lane.

    Args:
        jobs: The table.
        outbox: Where tasks are put.
        tasks: Their topic.
        retention: How long a job is kept.
        share: Where jobs wait for their organisation's turn; None where nobody may wait.
    """

    def __init__(
        self,
        jobs: DurableTable,
        outbox: Outbox,
        tasks: Topic,
        *,
        retention: timedelta,
        share: FairShare | None,
    ) -> None:
        self._jobs = jobs
        self._outbox = outbox
        self._tasks = tasks
        self._share = share
        self._retention = retention

    async def __call__(self, event: EventT[bytes]) -> None:
        """Open the job and send what is not settled of it; a repeated request changes nothing."""
        header = self._open(event)
        if header is None or header.dispatched:
            await delivered(self._jobs.take_deliveries())
            return
        opened = self._jobs.take_deliveries()
        if self._share is not None:
            await self._share.enter(header.job.organisation, header.job.id, job.open_count(header))
        await delivered([*opened, *self._dispatch(event)])
        # Only now: a crash before this line sends the tasks again rather than never.
        self._mark_dispatched(header.job)
        await delivered(self._jobs.take_deliveries())

    def _open(self, event: EventT[bytes]) -> JobHeader | None:
        """The job's header; None when the job is past its retention and must not begin again."""
        request = decode(event.message.value, EnrichmentRequested)
        check_key(event.message.key, request.job.id)
        bind_job(request.job)
        somebody_waits.set(request.job.lane is Lane.SYNC)
        is_expired = job.is_expired(request.job, clock.present(), self._retention)
        if is_expired and not clock.has_stepped():
            log.warning("request.expired", accepted_at=request.job.accepted_at)
            return None
        key = request.job.id.encode()
        row = self._jobs.get(key)
        header = decode(row, JobHeader) if row else job.open_job(request.job, clock.now())
        # Others are to see who waits for a turn. And when the row was there: after a crash it can
        # be ahead of its changelog.
        if row or self._share is not None:
            self._jobs[key] = encode(header)
        return header

    def _dispatch(self, event: EventT[bytes]) -> list[Delivery]:
        # Read again, both of them: it may have waited long for its turn, and those that wait are
        # many and keep only their bytes.
        request = decode(event.message.value, EnrichmentRequested)
        header = self._current(request.job)
        if header is None:
            return []
        groups = tasks_for(request, job.pending_items(header), self._tasks.partitions)
        return [
            self._outbox.put(self._tasks, request.job.id, encode(tasks), partition=partition)
            for partition, tasks in groups.items()
        ]

    def _mark_dispatched(self, job_: Job) -> None:
        # Read again: items may have been settled while the tasks were under way.
        header = self._current(job_)
        if header is None:
            return
        self._jobs[job_.id.encode()] = encode(job.dispatch(header, clock.now()))
        if self._share is not None:  # or cancelled while it waited for its turn
            self._share.settled(job_.id, open_items=job.open_count(header))

    def _current(self, job_: Job) -> JobHeader | None:
        """The job's header as it is now; None when it waited until it was past its retention."""
        row = self._jobs.get(job_.id.encode())
        if row:
            return decode(row, JobHeader)
        # Where nobody waits, the row that says that its tasks are out is the first one.
        return job.open_job(job_, clock.now()) if self._share is None else None
