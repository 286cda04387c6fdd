"""How records leave a worker: in the order they were put, one batch of a partition at a time.

The engine sends record by record, each with a future, a callback and codecs of its own, and behind
a partition whose batch is full all others wait. Here what is put while a partition's batch is on
its way travels together in the next one, and shares one delivery.

A request to Kafka costs as much as a dozen records in it. So the batches of all partitions leave
together, with a pause between; only what somebody waits for leaves at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata
from faust.types import TP

from enrich_stream.partitions import partition_of
from enrich_stream.topics import Topic

PAUSE_SECONDS = 0.04
"""Between two departures, unless somebody waits."""

somebody_waits: ContextVar[bool] = ContextVar("somebody_waits", default=False)
"""Whether what this task puts is waited for, by a caller or by other persons of a batch."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where Kafka has put the records of a batch.

    Attributes:
        partition: Their partition.
        first: The offset of the first.
        last: The offset of the last.
    """

    partition: TP
    first: int
    last: int


Delivery = asyncio.Future[Sent]
"""Done once Kafka has the record and those that travel with it; to be awaited by ``delivered``."""


async def delivered(deliveries: Iterable[Delivery]) -> None:
    """Return once Kafka has everything; raises ``KafkaError`` when it will not take something."""
    for delivery in dict.fromkeys(deliveries):
        # Others wait for the same one: who gives up waiting must not end it for them.
        await asyncio.shield(delivery)


@dataclass(slots=True)
class _Parcel:
    """The records that travel together."""

    batch: BatchBuilder
    delivery: Delivery
    is_urgent: bool = False


@dataclass(slots=True)
class _Line:
    """The parcels of a partition that wait, and the task that sends them one after the other."""

    waiting: deque[_Parcel] = field(default_factory=deque)
    sending: asyncio.Task[None] | None = None


class _Departures:
    """Lets those who wait go on together, at once if the last time is long enough ago."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None
        self._earliest = 0.0

    def wait(self) -> asyncio.Future[None]:
        """Done at the next departure."""
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_at(self._earliest, self._depart, self._next)
        return self._next

    def depart_now(self) -> None:
        """Let those who wait go on."""
        if self._next is not None:
            self._depart(self._next)

    def _depart(self, waited_for: asyncio.Future[None]) -> None:
        if waited_for.done():  # ahead of its time
            return
        self._earliest = asyncio.get_running_loop().time() + PAUSE_SECONDS
        self._next = None
        waited_for.set_result(None)


class Outbox:
    """Sends to any topic.

    Args:
        producer: The connection; it may not be there yet when this is made.
    """

    def __init__(self, producer: Callable[[], AIOKafkaProducer]) -> None:
        self._producer = producer
        self._departures = _Departures()
        self._lines: dict[TP, _Line] = {}

    def put(
        self, topic: Topic, key: str, value: bytes, *, partition: int | None = None
    ) -> Delivery:
        """Send a record, to its key's partition unless another is given."""
        if partition is None:
            partition = partition_of(key, topic.partitions)
        return self.put_in(TP(topic.name, partition), key.encode(), value)

    def put_in(
        self,
        partition: TP,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> Delivery:
        """Send a record to a partition."""
        line = self._lines.get(partition) or self._lines.setdefault(partition, _Line())
        record = {"timestamp": None, "key": key, "value": value, "headers": headers or []}
        # A batch that is full takes nothing more; an empty one takes a record of any size.
        if not line.waiting or line.waiting[-1].batch.append(**record) is None:
            line.waiting.append(self._parcel())
            line.waiting[-1].batch.append(**record)
        parcel = line.waiting[-1]
        if somebody_waits.get() and not parcel.is_urgent:
            parcel.is_urgent = True
            self._departures.depart_now()
        if line.sending is None:
            line.sending = asyncio.create_task(self._send(partition, line))
        return parcel.delivery

    def _parcel(self) -> _Parcel:
        delivery: Delivery = asyncio.get_running_loop().create_future()
        # Whoever waited for it may be gone by the time it fails.
        delivery.add_done_callback(asyncio.Future.exception)
        return _Parcel(self._producer().create_batch(), delivery)

    async def _send(self, partition: TP, line: _Line) -> None:
        while line.waiting:
            if not any(parcel.is_urgent for parcel in line.waiting):
                await self._departures.wait()
            parcel = line.waiting.popleft()
            try:
                sent = await self._send_parcel(partition, parcel.batch)
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                parcel.delivery.set_exception(error)
            else:
                parcel.delivery.set_result(sent)
        line.sending = None

    async def _send_parcel(self, partition: TP, batch: BatchBuilder) -> Sent:
        batch.close()
        taken = await self._producer().send_batch(
            batch, partition.topic, partition=partition.partition
        )
        first: RecordMetadata = await taken
        return Sent(partition, first.offset, first.offset + batch.record_count() - 1)
