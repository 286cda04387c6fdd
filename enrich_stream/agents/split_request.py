"""A request opens its job and becomes tasks."""

import asyncio

from faust.types import EventT, TopicT

from enrich_stream import clock, job
from enrich_stream.fan_out import tasks_for
from enrich_stream.records import EnrichmentRequested, JobHeader, check_key, decode, encode
from enrich_stream.tables import DurableTable


class SplitRequest:
    """Writes the table ``jobs`` and the topic ``enrichment-tasks``."""

    def __init__(self, jobs: DurableTable, tasks: TopicT, partitions: int) -> None:
        self._jobs = jobs
        self._tasks = tasks
        self._partitions = partitions

    async def __call__(self, event: EventT[bytes]) -> None:
        """Open the job and send what is not settled of it; a repeated request changes nothing."""
        request = decode(event.message.value, EnrichmentRequested)
        check_key(event.message.key, request.job.id)
        key = request.job.id.encode()
        header = self._open(key, request)
        if header.dispatched:
            await asyncio.gather(*self._jobs.take_deliveries())
            return
        deliveries = self._jobs.take_deliveries()
        groups = tasks_for(request, job.pending_items(header), self._partitions)
        for partition, tasks in groups.items():
            deliveries.append(
                self._tasks.send_soon(key=key, value=encode(tasks), partition=partition)
            )
        await asyncio.gather(*deliveries)
        # Only now: a crash before this line sends the tasks again rather than never.
        self._mark_dispatched(key)
        await asyncio.gather(*self._jobs.take_deliveries())

    def _open(self, key: bytes, request: EnrichmentRequested) -> JobHeader:
        row = self._jobs.get(key)
        header = decode(row, JobHeader) if row else job.open_job(request.job, clock.now())
        # Also when it was there: after a crash the local row can be ahead of its changelog.
        self._jobs[key] = encode(header)
        return header

    def _mark_dispatched(self, key: bytes) -> None:
        # Read again: items may have been settled while the tasks were under way.
        header = decode(self._jobs[key], JobHeader)
        self._jobs[key] = encode(job.dispatch(header, clock.now()))
