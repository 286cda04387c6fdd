"""All access keys, as the topic of access keys has them: read whole at the start, then followed.

Whoever holds a ring knows every key from the first moment on, learns of a new or a revoked one
within milliseconds, and goes on knowing them while Kafka is down.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from enrich_stream.access_keys import AccessKey
from enrich_stream.errors import UnavailableError, UnreadableRecordError
from enrich_stream.records import decode, encode
from enrich_stream.topics import Topic

log = structlog.get_logger(__name__)

START_SECONDS = 30.0
WRITE_SECONDS = 10.0
POLL_MILLISECONDS = 200


def key_consumer(bootstrap_servers: str) -> AIOKafkaConsumer:
    """The consumer a ring reads with; to be made within the running event loop."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )


class KeyRing:
    """Every key there is; has no consumer group, so each holder sees all of them."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: Topic) -> None:
        self._consumer = consumer
        self._partitions = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
        # None is a key that this version cannot read, and so one that lets nobody in.
        self._keys: dict[str, AccessKey | None] = {}
        self._is_in_use = False
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Return once every key is known; ``UnavailableError`` when Kafka does not tell in time."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._consumer.start()
                await self._read_all()
        except (TimeoutError, KafkaError) as error:
            await self._consumer.stop()
            raise UnavailableError(
                f"the access keys cannot be read from Kafka ({type(error).__name__})"
            ) from None
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following; what is known stays known."""
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()

    @property
    def is_in_use(self) -> bool:
        """Whether there is, or ever was, a key: from then on nobody gets in without."""
        return self._is_in_use

    @property
    def is_following(self) -> bool:
        """Whether it learns of new and revoked keys."""
        return self._task is not None and not self._task.done()

    def find(self, key_id: str) -> AccessKey | None:
        """The key of that id; None when there is none that can be understood."""
        return self._keys.get(key_id)

    def __iter__(self) -> Iterator[AccessKey]:
        return (key for _, key in sorted(self._keys.items()) if key)

    async def _read_all(self) -> None:
        ends = await self._consumer.end_offsets(self._partitions)
        # Nothing is awaited in between, or the client would begin to look for offsets by itself.
        self._consumer.assign(self._partitions)
        for partition in self._partitions:
            self._consumer.seek(partition, 0)
        while any([await self._consumer.position(p) < end for p, end in ends.items()]):
            await self._read()

    async def _follow(self) -> None:
        # A flag beside the cancellation, which a wait inside the client may swallow.
        while not self._is_stopping:
            try:
                await self._read()
            except KafkaError as error:
                log.warning("keys.interrupted", error=type(error).__name__)
                await asyncio.sleep(POLL_MILLISECONDS / 1000)

    async def _read(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=POLL_MILLISECONDS)
        for record in (record for batch in batches.values() for record in batch):
            self._apply(record)

    def _apply(self, record: Any) -> None:
        key_id = record.key.decode(errors="replace") if record.key else ""
        if record.value is None:
            self._keys.pop(key_id, None)
            return
        self._is_in_use = True
        try:
            self._keys[key_id] = decode(record.value, AccessKey)
        except UnreadableRecordError as error:
            log.warning("keys.unreadable", reason=str(error))
            self._keys[key_id] = None


async def write_key(bootstrap_servers: str, topic: Topic, key: AccessKey) -> None:
    """Return once Kafka has the key for good; ``UnavailableError`` when it does not take it."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all")
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await producer.start()
            await producer.send_and_wait(topic.name, encode(key), key.id.encode())
    except (TimeoutError, KafkaError) as error:
        raise UnavailableError(f"Kafka does not take the key ({type(error).__name__})") from None
    finally:
        await producer.stop()
