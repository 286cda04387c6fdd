"""Reads topics as other systems would: from the beginning to where they end now."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from enrich_stream.topics import Topic, Topics

_POLL_MILLISECONDS = 200
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


async def read_all(bootstrap_servers: str, topic: Topic) -> AsyncIterator[Any]:
    """All records of a topic up to now; within a partition in order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    async with consumer:
        partitions = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        consumer.assign(partitions)
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            records = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
            for partition, batch in records.items():
                for record in batch:
                    if record.offset < ends[partition]:
                        yield record


def origin_of(dead_letter: Any) -> Origin:
    """Where the record lay that a dead letter is made from."""
    headers = {name: value.decode() for name, value in dead_letter.headers}
    return Origin(
        headers["dead-letter-topic"],
        int(headers["dead-letter-partition"]),
        int(headers["dead-letter-offset"]),
    )


async def until_consumed(
    bootstrap_servers: str, group: str, topics: Topics, seconds: float
) -> list[Origin]:
    """Wait until the group has committed all there is; returns what it has not within the time."""
    partitions = [
        TopicPartition(topic.name, p) for topic in topics.consumed for p in range(topic.partitions)
    ]
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        behind = await _behind(bootstrap_servers, group, partitions)
        if not behind or asyncio.get_running_loop().time() > deadline:
            return behind
        await asyncio.sleep(_LOOK_SECONDS)


async def _behind(
    bootstrap_servers: str, group: str, partitions: list[TopicPartition]
) -> list[Origin]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        async with consumer:
            ends = await consumer.end_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    done = {p: committed[p].offset if p in committed else 0 for p in partitions}
    return [Origin(p.topic, p.partition, max(0, done[p])) for p in partitions if done[p] < ends[p]]
