"""What is past its time leaves the tables, and with them their changelogs and every standby.

A worker sweeps the partitions that it has. Jobs leave with all their items ``retention_days``
after they were accepted, whatever state they are in; remembered contacts leave once no field of
theirs would answer any more. What is in topics with a retention leaves by Kafka's own doing.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import chain, islice

import structlog
from aiokafka.errors import KafkaError

from enrich_stream import clock, job
from enrich_stream.engine import Engine
from enrich_stream.errors import StorageError, UnreadableRecordError
from enrich_stream.memory import MaxAge, fresh
from enrich_stream.records import JobHeader, RememberedContact, decode
from enrich_stream.settings import Settings
from enrich_stream.sweeping import Gulp, pause_seconds
from enrich_stream.tables import DurableTable, table_of

log = structlog.get_logger(__name__)

ROWS_AT_ONCE, DROPS_AT_ONCE = 200, 50
"""Each some milliseconds of work, in which nothing else has its turn."""

_Row = tuple[DurableTable, bytes]


class Retention:
    """Deletes rows outside the handling of events, while their partitions are this worker's."""

    def __init__(self, app: Engine, settings: Settings) -> None:
        self._app = app
        self._jobs, self._items, self._contacts = (
            table_of(app, name) for name in ("jobs", "job_items", "contacts")
        )
        self._retention = timedelta(days=settings.retention_days)
        self._max_age = MaxAge.of(settings)

    async def sweep_for_ever(self) -> None:
        """Sweep all partitions, again and again."""
        while True:
            await asyncio.sleep(pause_seconds(self._retention))
            if clock.has_stepped():
                log.error("retention.clock_was_set", do="restart this worker if it is right now")
                continue
            try:
                await self.sweep()
            except KafkaError as error:
                # What was not deleted there is still here, and is found by the next sweep.
                log.warning("retention.interrupted", error=type(error).__name__)
            except StorageError as error:
                await self._app.crash(error)

    async def sweep(self) -> None:
        """Go through all partitions once."""
        dropped = await self._sweep(self._jobs, self._parts_of_expired_job)
        dropped += await self._sweep(self._contacts, self._parts_of_expired_contact)
        if dropped:
            log.info("retention.swept", rows=dropped)

    async def _sweep(
        self, table: DurableTable, expired: Callable[[bytes], Iterable[_Row] | None]
    ) -> int:
        dropped = 0
        for partition in self._partitions(table):
            after: bytes | None = b""
            # Read in pieces: an iterator that stays open would hold on to a partition that moves.
            while after is not None and self._is_ours(table, partition):
                async with Gulp():
                    rows = table.rows(partition, after, ROWS_AT_ONCE)
                doomed = {k: parts for k, v in rows if (parts := expired(v)) is not None}
                # A row goes after its parts: it is what a next sweep would find them by.
                parts = chain.from_iterable(doomed.values())
                dropped += await self._drop(table, partition, parts)
                dropped += await self._drop(table, partition, ((table, key) for key in doomed))
                after = rows[-1][0] if rows else None
        return dropped

    async def _drop(self, table: DurableTable, partition: int, doomed: Iterable[_Row]) -> int:
        dropped, rest = 0, iter(doomed)
        while (gulp := list(islice(rest, DROPS_AT_ONCE))) and self._is_ours(table, partition):
            # Without a rest beside the wait for Kafka: it must not fall behind what comes in.
            await asyncio.gather(*(owner.drop(partition, key) for owner, key in gulp))
            dropped += len(gulp)
        return dropped

    def _is_ours(self, table: DurableTable, partition: int) -> bool:
        """Whether this worker alone may write to the partition now."""
        is_settled = not (self._app.rebalancing or self._app.in_recovery)
        return is_settled and partition in self._partitions(table)

    def _partitions(self, table: DurableTable) -> list[int]:
        actives = self._app.assignor.assigned_actives()
        return sorted(p for topic, p in actives if topic == table.changelog_topic_name)

    def _parts_of_expired_job(self, header: bytes) -> Iterable[_Row] | None:
        """The rows that go with a header; None when it stays."""
        try:
            job_ = decode(header, JobHeader).job
        except UnreadableRecordError:  # of a newer version, which will sweep it
            return None
        if not job.is_expired(job_, clock.present(), self._retention):
            return None
        keys = (job.item_key(job_.id, index).encode() for index in range(job_.total))
        return ((self._items, key) for key in keys)

    def _parts_of_expired_contact(self, contact: bytes) -> Iterable[_Row] | None:
        try:
            known = decode(contact, RememberedContact)
        except UnreadableRecordError:
            return None
        return None if fresh(known, self._max_age) else ()
