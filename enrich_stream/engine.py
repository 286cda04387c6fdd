"""The Faust application class: how partitions are handed over, on a rebalance and at the end.

The engine waits without a limit until everything in hand is acknowledged, and forgets at the
beginning of a rebalance what was acknowledged since its last commit. Here running work gets a
bounded time, what is not finished by then is let go of, and what is done is committed.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from enrich_stream.agents.stage import Stage
from enrich_stream.intake import PausingQueue, Transport
from enrich_stream.lease import Lease
from enrich_stream.table_recovery import BulkTables

log = structlog.get_logger(__name__)

HANDOVER_SHARE = 0.75
"""Of the grace period; the rest is for committing and leaving the group."""


class Engine(faust.App):
    """A Faust application whose stages hand back what they cannot finish in time."""

    def __init__(
        self,
        *args: Any,
        bootstrap_servers: str,
        lease: Lease,
        grace_seconds: float,
        **kwargs: Any,
    ) -> None:
        brokers = ";".join(f"kafka://{server}" for server in bootstrap_servers.split(","))
        super().__init__(*args, broker=brokers, TableManager=BulkTables, **kwargs)
        self.bootstrap_servers = bootstrap_servers
        self.lease = lease
        self.stages: list[Stage] = []
        self.on_hand_back: list[Callable[[], None]] = []
        self._handover_seconds = grace_seconds * HANDOVER_SHARE

    def FlowControlQueue(  # noqa: N802 - the engine's name for it
        self, maxsize: int | None = None, *, clear_on_resume: bool = False
    ) -> PausingQueue:
        """The queue between the reading loop and an agent."""
        return PausingQueue(
            self, maxsize or 0, flow_control=self.flow_control, clear_on_resume=clear_on_resume
        )

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    async def _consumer_wait_empty(self, consumer: Any, _logger: Any) -> None:
        """Called by the engine once no more events flow, before partitions are given up."""
        self._forget()
        done: dict[TP, int] = {}
        for offsets in await asyncio.gather(
            *(stage.hand_back(self._handover_seconds) for stage in self.stages)
        ):
            done |= offsets
        # Once more: what was running may have remembered something meanwhile.
        self._forget()
        # Neither what was let go of nor what never began is waited for.
        consumer.unacked.clear()
        if done:
            await self._commit(consumer, done)

    def _forget(self) -> None:
        for forget in self.on_hand_back:
            forget()

    async def _commit(self, consumer: Any, done: dict[TP, int]) -> None:
        try:
            await consumer._commit(done)  # noqa: SLF001 - its public commit has forgotten them
        except KafkaError as error:
            # They come again; what they led to is there already and stays as it is.
            log.warning("engine.commit_failed", error=type(error).__name__)
