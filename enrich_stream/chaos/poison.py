"""Records that do harm where they are not expected: unreadable ones, repeats, and old ones."""

import random
import time
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from enrich_stream.chaos.reader import Origin, read_all
from enrich_stream.topics import MAX_RECORD_BYTES, Topic, Topics

_LARGE_BYTES = 2 * 1024 * 1024
_HOUR_MS = 3_600_000
_REPEATS = 20
"""Of each topic."""

UNREADABLE: dict[str, tuple[bytes | None, bytes | None]] = {
    "truncated": (b"op_truncated", b'{"version":1,"job":{"id":"op_trun'),
    "wrong version": (b"op_wrong", b'{"version":"one"}'),
    "newer version": (b"op_newer", b'{"version":99,"job":"of another shape"}'),
    "2 MiB": (b"op_large", b"x" * _LARGE_BYTES),
    "no value": (b"op_none", None),
    "no key": (None, b"{}"),
    "unknown key bytes": (b"\xff\xfe\x00", b"[]"),
}
"""By what is wrong with them, key and value of records that must reach the dead letters."""


@dataclass
class Poisoner:
    """Sends to the topics that workers read.

    Attributes:
        buried: Where the unreadable records lie; each must turn up among the dead letters.
    """

    bootstrap_servers: str
    topics: Topics
    draw: random.Random
    buried: set[Origin]

    async def send_all(self) -> None:
        """Send every kind of unreadable record, and records that were there before once more."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap_servers, max_request_size=MAX_RECORD_BYTES
        )
        async with producer:
            for topic in self.topics.consumed:
                for key, value in UNREADABLE.values():
                    partition = self.draw.randrange(topic.partitions)
                    await self._bury(producer, topic, key, value, partition)
                await self._repeat(producer, topic)

    async def knock(self) -> None:
        """Send one to every partition: whoever buries it has the partition's tables whole."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap_servers) as producer:
            for partition in range(self.topics.results.partitions):
                await self._bury(producer, self.topics.results, b"knock", None, partition)

    async def _bury(
        self,
        producer: AIOKafkaProducer,
        topic: Topic,
        key: bytes | None,
        value: bytes | None,
        partition: int,
    ) -> None:
        sent = await producer.send_and_wait(topic.name, value, key, partition=partition)
        self.buried.add(Origin(topic.name, partition, sent.offset))

    async def _repeat(self, producer: AIOKafkaProducer, topic: Topic) -> None:
        """Duplicates, and in another order, and as if they were an hour late."""
        records = [
            record
            async for record in read_all(self.bootstrap_servers, topic)
            if Origin(topic.name, record.partition, record.offset) not in self.buried
        ]
        for record in self.draw.sample(records, min(_REPEATS, len(records))):
            await producer.send_and_wait(
                topic.name,
                record.value,
                record.key,
                partition=record.partition,
                timestamp_ms=int(time.time() * 1000) - _HOUR_MS,
            )
