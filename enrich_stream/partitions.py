"""Which partition a key lives on: the Kafka default partitioner, the same everywhere."""

from aiokafka.partitioner import murmur2


def partition_of(key: str, partitions: int) -> int:
    """The partition, from 0, that Kafka's default partitioner gives to ``key`` as UTF-8."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
