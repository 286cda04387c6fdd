"""Results become rows of their job, and the job's header says how far it is."""

import structlog
from faust.types import EventT

from enrich_stream import clock, job, metrics
from enrich_stream.fair_share import FairShare
from enrich_stream.logs import bind_job
from enrich_stream.outbox import delivered, somebody_waits
from enrich_stream.person import Outcome
from enrich_stream.records import (
    VERSION,
    IdentifierResults,
    JobHeader,
    JobItem,
    Lane,
    SettledItem,
    check_key,
    decode,
    encode,
)
from enrich_stream.tables import DurableTable

log = structlog.get_logger(__name__)


class SettleJob:
    """Writes the tables ``jobs`` and ``job_items``."""

    def __init__(self, jobs: DurableTable, job_items: DurableTable, share: FairShare) -> None:
        self._jobs = jobs
        self._job_items = job_items
        self._share = share

    async def __call__(self, event: EventT[bytes]) -> None:
        """Fold one record of results into its job; folding it again gives the same job."""
        results = decode(event.message.value, IdentifierResults)
        check_key(event.message.key, results.job.id)
        bind_job(results.job)
        somebody_waits.set(results.job.lane is Lane.SYNC)
        header = self._header(results)
        items = [
            self._keep(results.job.id, item)
            for item in results.items
            if not job.is_cancelled(header, item.index)
        ]
        after = job.settle(header, items, clock.now())
        self._jobs[header.job.id.encode()] = encode(after)
        self._share.settled(header.job.id, open_items=job.open_count(after))
        await delivered([*self._job_items.take_deliveries(), *self._jobs.take_deliveries()])
        _report(header, after)

    def _header(self, results: IdentifierResults) -> JobHeader:
        row = self._jobs.get(results.job.id.encode())
        # Missing when this worker took over before the header reached the changelog; the results
        # carry all that is needed to open the job.
        return decode(row, JobHeader) if row else job.open_job(results.job, clock.now())

    def _keep(self, job_id: str, item: SettledItem) -> SettledItem:
        """Store the item and return what is stored: the first outcome stays, whatever repeats."""
        key = job.item_key(job_id, item.index).encode()
        row = self._job_items.get(key) or encode(JobItem(version=VERSION, item=item))
        # Also when it was there: after a crash the local row can be ahead of its changelog, and
        # only an assignment makes the changelog, and with it every standby, whole.
        self._job_items[key] = row
        return decode(row, JobItem).item


def _report(before: JobHeader, after: JobHeader) -> None:
    """Count what was settled by this event, and say once that its job has ended."""
    lane = after.job.lane
    for outcome in Outcome:
        settled = job.count(after, outcome) - job.count(before, outcome)
        metrics.ITEMS_SETTLED.labels(lane, outcome).inc(settled)
    if job.is_complete(after) and not job.is_complete(before):
        status, seconds = job.status(after), job.seconds_taken(after)
        metrics.JOBS_COMPLETED.labels(lane, status).inc()
        metrics.JOB_SECONDS.labels(lane).observe(seconds)
        log.info("job.completed", status=status, items=after.job.total, seconds=seconds)
