"""What callers want goes to Kafka, and only what Kafka has acknowledged counts as accepted."""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata

from enrich_stream.errors import InputError, UnavailableError
from enrich_stream.records import (
    CancellationRequested,
    EnrichmentRequested,
    IdempotencyKeyClaimed,
    encode,
)
from enrich_stream.topics import MAX_RECORD_BYTES, Topics

log = structlog.get_logger(__name__)

PROBE_SECONDS = 5.0
"""How long a write that went well stands for the next one."""


def request_producer(
    bootstrap_servers: str, timeout_seconds: float, compression: str | None = None
) -> AIOKafkaProducer:
    """The producer a publisher writes with; to be made within the running event loop."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        compression_type=compression,
        acks="all",
        max_request_size=MAX_RECORD_BYTES,
        # A little less than the caller waits: what has been given up must not be sent later.
        request_timeout_ms=int(timeout_seconds * 900),
        # An idempotent producer never gives up. A record that is sent twice is harmless, for
        # both have the job's key and the second is dropped.
        enable_idempotence=False,
    )


class Publisher:
    """The only writer of the topics of requests, of idempotency keys and of cancellations."""

    def __init__(self, producer: AIOKafkaProducer, topics: Topics, timeout_seconds: float) -> None:
        self._producer = producer
        self._topics = topics
        self._timeout_seconds = timeout_seconds
        self._last_write: float | None = None

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        await self._producer.stop()

    async def publish(self, request: EnrichmentRequested) -> None:
        """Return once the request is durable.

        Raises:
            UnavailableError: Kafka does not take it now.
            InputError: It is larger than Kafka ever takes.
        """
        topic = self._topics.requests_of(request.job.lane)
        await self._write(topic.name, request.job.id.encode(), encode(request))

    async def claim(self, key: str, claim: IdempotencyKeyClaimed) -> RecordMetadata:
        """Return once the claim of an idempotency key is durable, with its place.

        Raises:
            UnavailableError: Kafka does not take it now.
        """
        return await self._write(self._topics.idempotency_keys.name, key.encode(), encode(claim))

    async def cancel(self, request: CancellationRequested) -> None:
        """Return once the cancellation is durable.

        Raises:
            UnavailableError: Kafka does not take it now.
        """
        key = request.job.id.encode()
        await self._write(self._topics.cancellations.name, key, encode(request))

    async def takes_writes(self) -> bool:
        """Whether Kafka acknowledged a write a moment ago, or does now."""
        if (
            self._last_write
            and asyncio.get_running_loop().time() - self._last_write < PROBE_SECONDS
        ):
            return True
        try:
            await self._write(self._topics.probes.name, b"readiness", b"{}")
        except UnavailableError:
            return False
        return True

    async def _write(self, topic: str, key: bytes, value: bytes) -> RecordMetadata:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                written: RecordMetadata = await self._producer.send_and_wait(topic, value, key)
        except MessageSizeTooLargeError:
            raise InputError("The request is too large.") from None
        except (TimeoutError, KafkaError) as error:
            log.warning("publish.failed", topic=topic, error=type(error).__name__)
            raise UnavailableError("Kafka did not acknowledge the write in time") from None
        self._last_write = asyncio.get_running_loop().time()
        return written
