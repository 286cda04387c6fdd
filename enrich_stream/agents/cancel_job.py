"""A cancellation ends every item of its job that is not settled."""

from datetime import timedelta

import structlog
from faust.types import EventT

from enrich_stream import clock, job
from enrich_stream.fair_share import FairShare
from enrich_stream.logs import bind_job
from enrich_stream.outbox import delivered, somebody_waits
from enrich_stream.records import (
    CancellationRequested,
    Job,
    JobHeader,
    JobItem,
    check_key,
    decode,
    encode,
)
from enrich_stream.tables import DurableTable

log = structlog.get_logger(__name__)


class CancelJob:
    """Writes the table ``jobs``; reads ``job_items``.

    Args:
        jobs: The table.
        job_items: The table.
        share: Gets back what the job had under way.
        retention: How long a job is kept.
    """

    def __init__(
        self, jobs: DurableTable, job_items: DurableTable, share: FairShare, *, retention: timedelta
    ) -> None:
        self._jobs = jobs
        self._job_items = job_items
        self._share = share
        self._retention = retention

    async def __call__(self, event: EventT[bytes]) -> None:
        """Cancel one job; once it has ended, however, a cancellation changes nothing."""
        request = decode(event.message.value, CancellationRequested)
        check_key(event.message.key, request.job.id)
        bind_job(request.job)
        somebody_waits.set(True)
        if job.is_expired(request.job, clock.present(), self._retention):
            return
        after = job.cancel(self._header(request.job), clock.now())
        self._jobs[request.job.id.encode()] = encode(after)
        self._share.settled(request.job.id, open_items=0)
        log.info("job.cancelled", settled=job.settled_count(after), total=after.job.total)
        await delivered(self._jobs.take_deliveries())

    def _header(self, job_: Job) -> JobHeader:
        """The job's header with all that is settled of it."""
        row = self._jobs.get(job_.id.encode())
        # Missing when the cancellation is read before the request.
        header = decode(row, JobHeader) if row else job.open_job(job_, clock.now())
        # After a kill a row can be there that the header does not count yet.
        keys = (job.item_key(job_.id, index).encode() for index in job.pending_items(header))
        rows = [row for key in keys if (row := self._job_items.get(key))]
        return job.settle(header, [decode(row, JobItem).item for row in rows], clock.now())
