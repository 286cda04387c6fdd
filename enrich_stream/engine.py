"""The Faust application class: how partitions are handed over, on a rebalance and at the end.

The engine waits without a limit until everything in hand is acknowledged, and forgets at the
beginning of a rebalance what was acknowledged since its last commit. Here running work gets a
bounded time, what is not finished by then is let go of, and what is done is committed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import faust
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed
from faust.exceptions import NotReady
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers.aiokafka import Producer
from faust.types import TP
from mode import Service
from mode.utils.objects import cached_property
from mode.utils.queues import FlowControlEvent

from enrich_stream.agents.stage import Stage
from enrich_stream.cancellations import Cancellations
from enrich_stream.intake import FlowControl, PausingQueue, Transport
from enrich_stream.lease import Lease
from enrich_stream.outbox import Outbox
from enrich_stream.table_recovery import BulkTables

log = structlog.get_logger(__name__)

HANDOVER_SHARE = 0.75
"""Of the grace period; the rest is for committing and leaving the group."""
REBALANCE_SECONDS = 3.0
"""How long the others wait for a worker that keeps running: nothing is done by anyone meanwhile."""
_LOOK_AT_RECOVERY_SECONDS = 2.0
_NO_GENERATION = -1


class Engine(faust.App):
    """A Faust application whose stages hand back what they cannot finish in time."""

    def __init__(
        self,
        *args: Any,
        bootstrap_servers: str,
        lease: Lease,
        cancellations: Cancellations,
        grace_seconds: float,
        **kwargs: Any,
    ) -> None:
        brokers = ";".join(f"kafka://{server}" for server in bootstrap_servers.split(","))
        super().__init__(*args, broker=brokers, TableManager=BulkTables, **kwargs)
        self.bootstrap_servers = bootstrap_servers
        self.lease = lease
        self.outbox = Outbox(self._connection)
        self.cancellations = cancellations
        self.stages: list[Stage] = []
        self.on_hand_back: list[Callable[[], None]] = []
        self._handover_seconds = grace_seconds * HANDOVER_SHARE

    def _crash(self, reason: BaseException) -> None:
        # What else fails as everything comes down does not explain it.
        super()._crash(self.crash_reason or reason)

    @cached_property
    def flow_control(self) -> FlowControlEvent:
        """Lets records into all queues, or none."""
        return FlowControl()

    def FlowControlQueue(  # noqa: N802 - the engine's name for it
        self, maxsize: int | None = None, *, clear_on_resume: bool = False
    ) -> PausingQueue:
        """The queue between the reading loop and an agent."""
        return PausingQueue(
            self, maxsize or 0, flow_control=self.flow_control, clear_on_resume=clear_on_resume
        )

    def _connection(self) -> AIOKafkaProducer:
        producer = cast("Producer", self.producer)
        try:
            connection: AIOKafkaProducer = producer._ensure_producer()  # noqa: SLF001 - the engine sends nothing but single records
        except NotReady:  # at the end: what is not sent is not acknowledged, and comes again
            raise ProducerClosed from None
        return connection

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)

    @Service.task
    async def _end_recovery(self) -> None:
        """Called by the engine: as long as the application runs, see that recoveries end.

        The engine waits for the last record of each changelog. When nobody is shown that one, for
        compaction took it or it is a transaction's marker, it would wait for ever.
        """
        before: dict[TP, int] = {}
        while not self.should_stop:
            await self.sleep(_LOOK_AT_RECOVERY_SECONDS)
            tables = cast("TableManager", self.tables)
            behind = {tp: at.offset for tp, at in tables.recovery.active_stats().items()}
            if self.in_recovery and tables.changelog_queue.empty():
                for tp, _ in behind.items() & before.items():
                    await self._skip_empty_tail(tables.recovery, tp)
            before = behind

    async def _skip_empty_tail(self, recovery: Recovery, tp: TP) -> None:
        with suppress(KafkaError):  # the partition has moved on meanwhile
            position = await self.consumer.position(tp)
            if position is not None and position > recovery.active_highwaters[tp]:
                recovery.active_offsets[tp] = recovery.active_highwaters[tp]

    async def _consumer_wait_empty(self, consumer: Any, _logger: Any) -> None:
        """Called by the engine once no more events flow, before partitions are given up."""
        self._forget()
        done: dict[TP, int] = {}
        seconds = self._seconds_to_finish(consumer)
        for offsets in await asyncio.gather(*(stage.hand_back(seconds) for stage in self.stages)):
            done |= offsets
        # Once more: what was running may have remembered something meanwhile.
        self._forget()
        # Neither what was let go of nor what never began is waited for.
        consumer.unacked.clear()
        if done:
            await self._commit(consumer, done)

    def _seconds_to_finish(self, consumer: Any) -> float:
        if self.should_stop:
            return self._handover_seconds
        # The group has gone on without this worker, and others do what it has in hand.
        if consumer._thread._ensure_consumer()._coordinator.generation == _NO_GENERATION:  # noqa: SLF001 - nothing public says so
            self.lease.lose("the group went on without it")
        return min(REBALANCE_SECONDS, self._handover_seconds)

    def _forget(self) -> None:
        for forget in self.on_hand_back:
            forget()

    async def _commit(self, consumer: Any, done: dict[TP, int]) -> None:
        try:
            await consumer._commit(done)  # noqa: SLF001 - its public commit has forgotten them
        except KafkaError as error:
            # They come again; what they led to is there already and stays as it is.
            log.warning("engine.commit_failed", error=type(error).__name__)
