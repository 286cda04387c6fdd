"""Topics of the contenders that have none of ours."""

from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def create_topics(bootstrap_servers: str, names: Iterable[str], partitions: int) -> None:
    """Create topics with one replica, and return when they can be written and read."""
    names = list(names)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
    finally:
        await admin.close()
    await _until_led(
        bootstrap_servers, [TopicPartition(n, p) for n in names for p in range(partitions)]
    )


async def _until_led(bootstrap_servers: str, partitions: list[TopicPartition]) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
