"""How far the workers are behind what is on their topics, asked of Kafka itself.

It is the lag of the whole group, seen alike by every process, also while no worker runs.
"""

import asyncio
import time

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from prometheus_client import Gauge

from enrich_stream.settings import Settings
from enrich_stream.topics import Topics

log = structlog.get_logger(__name__)

CONSUMER_LAG = Gauge(
    "enrich_consumer_lag_records",
    "Records of a topic that the workers have not dealt with, of the whole group.",
    ["topic"],
)
PAUSE_SECONDS = 5.0
TIMEOUT_SECONDS = 5.0
"""How long Kafka may take to answer; after that it counts as away."""


class ConsumerLag:
    """Measures again and again, and knows by it whether Kafka answers.

    Args:
        settings: Where Kafka is, and which group is asked for.
        topics: The declared topics.
    """

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self._group = settings.consumer_group
        self._partitions = [
            TopicPartition(topic.name, number)
            for topic in topics.consumed
            for number in range(topic.partitions)
        ]
        servers, timeout_ms = settings.kafka_bootstrap_servers, int(TIMEOUT_SECONDS * 1000)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=timeout_ms)
        # Of no group: it reads nothing, it only asks where the topics begin and end.
        self._consumer = AIOKafkaConsumer(bootstrap_servers=servers, request_timeout_ms=timeout_ms)
        self._answered: float | None = None

    async def measure_for_ever(self) -> None:
        """Connect and measure until cancelled."""
        try:
            await self._admin.start()
            await self._consumer.start()
            while True:
                await self._try_to_measure()
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await self._consumer.stop()
            await self._admin.close()

    @property
    def kafka_answers(self) -> bool:
        """Whether Kafka answered the last time it was asked, not long ago."""
        longest = 2 * (PAUSE_SECONDS + TIMEOUT_SECONDS)
        return self._answered is not None and time.monotonic() - self._answered < longest

    async def _try_to_measure(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._measure()
            self._answered = time.monotonic()
        except (TimeoutError, KafkaError, OSError) as error:
            self._answered = None
            CONSUMER_LAG.clear()  # unknown is not what it was
            log.warning("monitoring.kafka_does_not_answer", error=type(error).__name__)

    async def _measure(self) -> None:
        committed = await self._committed()
        first = await self._consumer.beginning_offsets(self._partitions)
        ends = await self._consumer.end_offsets(self._partitions)
        lags = dict.fromkeys((partition.topic for partition in self._partitions), 0)
        for partition in self._partitions:
            # What retention has removed meanwhile is not waited for any more.
            done = max(committed.get(partition, 0), first[partition])
            lags[partition.topic] += max(0, ends[partition] - done)
        for topic, records in lags.items():
            CONSUMER_LAG.labels(topic).set(records)

    async def _committed(self) -> dict[TopicPartition, int]:
        try:
            offsets = await self._admin.list_consumer_group_offsets(self._group)
        except GroupCoordinatorNotAvailableError:
            return {}  # a cluster on which no group ever was
        return {partition: found.offset for partition, found in offsets.items()}
