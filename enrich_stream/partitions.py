"""Which partition a key lives on: the Kafka default partitioner, the same everywhere."""

from aiokafka.partitioner import murmur2


def partition_of(key: str | bytes, partitions: int) -> int:
    """The partition, from 0, that Kafka's default partitioner gives to ``key``, text as UTF-8."""
    key_bytes = key.encode() if isinstance(key, str) else key
    return int(murmur2(key_bytes) & 0x7FFFFFFF) % partitions
