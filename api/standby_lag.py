"""How far a front door's copy is behind Kafka, and how long it took to catch up after the start."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from api import metrics
from api.standby import Standby
from enrich_stream.records import Lane

PAUSE_SECONDS = 1.0


class StandbyLag:
    """Asks Kafka where its topics end, and takes the time until the copy has got there."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby
        self._ends: Mapping[TopicPartition, int] = {}
        self._asked: float | None = None
        self._seconds = 0.0

    async def measure_for_ever(self) -> None:
        """Measure until cancelled."""
        self._show()
        started = time.monotonic()
        await self._measure()
        metrics.STANDBY_RECOVERY_SECONDS.set(time.monotonic() - started)
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            await self._measure()

    def _show(self) -> None:
        metrics.STANDBY_LAG_SECONDS.set_function(self._lag_seconds)
        metrics.STANDBY_LAG_RECORDS.set_function(lambda: self._standby.records_behind(self._ends))
        for lane in Lane:
            metrics.OPEN_JOBS.labels(lane).set_function(partial(self._standby.open_jobs, lane))

    def _lag_seconds(self) -> float:
        # While one measurement takes long, it is what counts.
        under_way = 0.0 if self._asked is None else time.monotonic() - self._asked
        return max(self._seconds, under_way)

    async def _measure(self) -> None:
        self._asked = asked = time.monotonic()
        goal = await self._ask()
        while not await self._standby.reaches(goal, PAUSE_SECONDS):
            await self._ask()
        self._seconds, self._asked = time.monotonic() - asked, None

    async def _ask(self) -> Mapping[TopicPartition, int]:
        """Where the topics end; as long as Kafka does not say, the time goes on."""
        while True:
            try:
                self._ends = await self._standby.ends()
            except KafkaError:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return self._ends
