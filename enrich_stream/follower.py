"""Reads a whole topic, and everything that comes after: each process gets every record.

There is no consumer group: whoever follows is told of everything, and goes on by itself after a
rebalance or an outage.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from enrich_stream.errors import UnavailableError
from enrich_stream.topics import Topic

log = structlog.get_logger(__name__)

START_SECONDS = 30.0
RETRY_SECONDS = 0.5
POLL_MILLISECONDS = 200


class Follower:
    """Follows one topic.

    Args:
        consumer: Without a group; to be made within the running event loop.
        topic: What to read, from its first record on.
        take: Is given each record; must not raise.
    """

    def __init__(
        self, consumer: AIOKafkaConsumer, topic: Topic, take: Callable[[Any], None]
    ) -> None:
        self._consumer = consumer
        self._topic = topic
        self._take = take
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once all that is there was taken; ``UnavailableError`` when it cannot be had."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._patiently(self._consumer.start)
                await self._patiently(self._read_all)
        except (TimeoutError, KafkaError) as error:
            raise UnavailableError(
                f"{self._topic.name} cannot be read from Kafka ({type(error).__name__})"
            ) from None
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Take nothing more."""
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()

    async def _patiently(self, ask: Callable[[], Awaitable[None]]) -> None:
        # Kafka was there a moment ago: a process that ends for that is one more thing to watch.
        while True:
            try:
                return await ask()
            except KafkaError as error:
                if not error.retriable:
                    raise
                log.warning("kafka.awaited", topic=self._topic.name, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _read_all(self) -> None:
        partitions = [TopicPartition(self._topic.name, p) for p in range(self._topic.partitions)]
        ends = await self._consumer.end_offsets(partitions)
        # Nothing is awaited in between, or the client would begin to look for offsets by itself.
        self._consumer.assign(partitions)
        for partition in partitions:
            self._consumer.seek(partition, 0)
        while any([await self._consumer.position(p) < end for p, end in ends.items()]):
            await self._read()

    async def _follow(self) -> None:
        # A flag beside the cancellation, which a wait inside the client may swallow.
        while not self._is_stopping:
            try:
                await self._read()
            except KafkaError as error:
                log.warning(
                    "follower.interrupted", topic=self._topic.name, error=type(error).__name__
                )
                await asyncio.sleep(POLL_MILLISECONDS / 1000)

    async def _read(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=POLL_MILLISECONDS)
        for record in (record for batch in batches.values() for record in batch):
            self._take(record)


@contextlib.asynccontextmanager
async def following(
    bootstrap_servers: str, topic: Topic, take: Callable[[Any], None]
) -> AsyncIterator[None]:
    """``take`` has had all records when the block begins, and is given each new one during it."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    follower = Follower(consumer, topic, take)
    try:
        await follower.start()
        yield
    finally:
        await follower.stop()
