"""What is past its time leaves the tables, and with them their changelogs and every standby.

A worker sweeps the partitions that it has. Jobs leave with all their items ``retention_days``
after they were accepted, whatever state they are in; remembered contacts leave once no field of
theirs would answer any more. What is in topics with a retention leaves by Kafka's own doing.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog
from faust.types import TP

from enrich_stream import clock, job
from enrich_stream.engine import Engine
from enrich_stream.errors import UnreadableRecordError
from enrich_stream.memory import MaxAge, fresh
from enrich_stream.records import JobHeader, RememberedContact, decode
from enrich_stream.settings import Settings
from enrich_stream.tables import DurableTable, table_of

log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 200
_DAY_SECONDS = 86_400.0
_LONGEST_PAUSE_SECONDS = 3_600.0
_SWEEPS_IN_A_RETENTION = 20


class Retention:
    """Deletes rows outside the handling of events, while their partitions are this worker's."""

    def __init__(self, app: Engine, settings: Settings) -> None:
        self._app = app
        self._jobs, self._items, self._contacts = (
            table_of(app, name) for name in ("jobs", "job_items", "contacts")
        )
        self._retention = timedelta(days=settings.retention_days)
        self._max_age = MaxAge.of(settings)
        self._pause_seconds = min(
            _LONGEST_PAUSE_SECONDS,
            settings.retention_days * _DAY_SECONDS / _SWEEPS_IN_A_RETENTION,
        )

    async def sweep_for_ever(self) -> None:
        """Sweep all partitions, again and again."""
        while True:
            await asyncio.sleep(self._pause_seconds)
            if clock.has_stepped():
                log.error("retention.clock_was_set", do="restart this worker if it is right now")
                continue
            dropped = await self._sweep(self._jobs, self._job_keys)
            dropped += await self._sweep(self._contacts, self._contact_keys)
            if dropped:
                log.info("retention.swept", rows=dropped)

    async def _sweep(
        self,
        table: DurableTable,
        expired: Callable[[bytes, bytes], Iterable[tuple[DurableTable, bytes]]],
    ) -> int:
        dropped = 0
        for partition in range(table.partitions or 0):
            for place, (key, value) in enumerate(table.rows(partition)):
                if place % ROWS_AT_ONCE == 0:
                    await asyncio.gather(*table.take_deliveries())
                    await asyncio.sleep(0)
                if not self._is_ours(table, partition):
                    break
                for owner, row in expired(key, value):
                    owner.drop(partition, row)
                    dropped += 1
        return dropped

    def _is_ours(self, table: DurableTable, partition: int) -> bool:
        """Whether this worker alone may write to the partition now."""
        changelog = TP(table.changelog_topic_name, partition)
        is_settled = not (self._app.rebalancing or self._app.in_recovery)
        return is_settled and changelog in self._app.assignor.assigned_actives()

    def _job_keys(self, key: bytes, value: bytes) -> Iterable[tuple[DurableTable, bytes]]:
        try:
            header = decode(value, JobHeader)
        except UnreadableRecordError:  # of a newer version, which will sweep it
            return
        if job.is_expired(header.job, clock.present(), self._retention):
            for index in range(header.job.total):
                yield self._items, job.item_key(header.job.id, index).encode()
            yield self._jobs, key

    def _contact_keys(self, key: bytes, value: bytes) -> Iterable[tuple[DurableTable, bytes]]:
        try:
            known = decode(value, RememberedContact)
        except UnreadableRecordError:
            return
        if not fresh(known, self._max_age):
            yield self._contacts, key
