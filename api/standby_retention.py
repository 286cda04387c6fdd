"""What is past its time leaves the front door's copy, whether or not anybody tells it to.

Workers tell it, by deletions in the changelogs. But a request that no worker took before its time
was over never had a row to be deleted, and a copy that was away for longer than Kafka keeps
deletions has missed some.
"""

import asyncio
from datetime import timedelta

import structlog

from api.job_store import JobStore
from enrich_stream import clock, job
from enrich_stream.errors import StorageError
from enrich_stream.settings import Settings
from enrich_stream.sweeping import Gulp, pause_seconds

log = structlog.get_logger(__name__)

JOBS_AT_ONCE = 20
"""With a hundred items each: some milliseconds of work."""


class StandbyRetention:
    """Goes through all jobs of the copy, again and again."""

    def __init__(self, store: JobStore, settings: Settings) -> None:
        self._store = store
        self._retention = timedelta(days=settings.retention_days)

    async def sweep_for_ever(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(pause_seconds(self._retention))
            if clock.has_stepped():
                log.error(
                    "retention.clock_was_set", do="restart this front door if it is right now"
                )
                continue
            try:
                await self.sweep()
            except StorageError as error:
                log.error("standby.cannot_sweep", reason=str(error))  # noqa: TRY400 - it says all

    async def sweep(self) -> None:
        """Go through all jobs once."""
        after: str | None = ""
        while after is not None:
            async with Gulp():
                jobs = self._store.jobs(after, JOBS_AT_ONCE)
                now = clock.present()
                self._store.forget([j for j in jobs if job.is_expired(j, now, self._retention)])
            after = jobs[-1].id if jobs else None
