"""Tables are read back in bulk: from Kafka into RocksDB, many rows at once.

The engine sends each changelog record on the way of all events, which takes minutes for a million.
That is fit for keeping a copy warm, a few at a time. When much is missing, the rows are read past
it, and it finds little left to do.
"""

import asyncio
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.tables import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP
from mode.utils.queues import ThrowableQueue

from enrich_stream.tables import table_of

log = structlog.get_logger(__name__)

WORTHWHILE_ROWS = 5_000
"""Fewer are read sooner by the engine than a connection is made."""
ROWS_AT_ONCE = 5_000
"""Bounds how long the event loop stands still."""
_POLL_MS = 500
_FETCH_BYTES = 1024 * 1024
_WARM_COPY_BUFFER = 4_096


class BulkTables(TableManager):
    """The engine's table manager, with another way to recover."""

    @property
    def recovery(self) -> Recovery:
        """The service that brings tables up to date after a rebalance."""
        if self._recovery is None:
            self._recovery = BulkRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    @property
    def changelog_queue(self) -> "ThrowableQueue[Any]":
        """What the engine reads of changelogs; a queue as short as an agent's would only jam."""
        if self._changelog_queue is None:
            self._changelog_queue = self.app.FlowControlQueue(
                maxsize=_WARM_COPY_BUFFER, clear_on_resume=True
            )
        return self._changelog_queue


class BulkRecovery(Recovery):
    """The engine's recovery, begun with most of the rows already there."""

    async def _build_offsets(
        self, consumer: Any, tps: set[TP], destination: Any, title: str
    ) -> None:
        """Called by the engine before it reads, to find out where to begin."""
        await super()._build_offsets(consumer, tps, destination, title)
        if title == "active" and self.active_remaining_total() >= WORTHWHILE_ROWS:
            missing = {
                tp: end for tp, end in self.active_highwaters.items() if end > destination[tp]
            }
            await self._read_back(missing, destination)

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ARG002, ASYNC109 - the engine's signature
        # Without its timeout. It takes one for the wish to stop, and ends all recovery for good.
        await super()._wait(coro)

    async def _read_back(
        self, last_offsets: Mapping[TP, int], offsets: MutableMapping[TP, int]
    ) -> None:
        """Read partitions up to their last offsets; ``offsets`` says how far each is."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.app.bootstrap_servers,  # type: ignore[attr-defined] # our Engine
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        missing, began = self.active_remaining_total(), time.monotonic()
        try:
            await consumer.start()
            await self._read_with(consumer, last_offsets, offsets)
            log.info(
                "recovery.read_back", records=missing, seconds=round(time.monotonic() - began, 1)
            )
        except KafkaError as error:
            # What is missing the engine reads in its own way.
            log.warning("recovery.interrupted", error=type(error).__name__)
        finally:
            await consumer.stop()

    async def _read_with(
        self,
        consumer: AIOKafkaConsumer,
        last_offsets: Mapping[TP, int],
        offsets: MutableMapping[TP, int],
    ) -> None:
        places = {TopicPartition(tp.topic, tp.partition): tp for tp in last_offsets}
        consumer.assign(list(places))
        for place, tp in places.items():
            consumer.seek(place, offsets[tp] + 1)
        while places:
            found = await consumer.getmany(*places, timeout_ms=_POLL_MS, max_records=ROWS_AT_ONCE)
            for place, records in found.items():
                tp = places[place]
                table_of(self.app, self.tp_to_table[tp].name).read_back(tp.partition, records)
                offsets[tp] = records[-1].offset
            await asyncio.sleep(0)
            for place, tp in list(places.items()):
                # By position, for compaction may have removed the records in front of it.
                if await consumer.position(place) > last_offsets[tp]:
                    offsets[tp] = last_offsets[tp]
                    del places[place]
