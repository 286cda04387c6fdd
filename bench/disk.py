"""What Kafka keeps on disk of a contender's topics."""

from pathlib import Path


def kafka_bytes(kafka_home: Path, prefix: str) -> int:
    """The bytes of all records on the topics that begin with ``prefix``, changelogs included.

    0 when the broker's files are not on this machine.
    """
    return sum(log.stat().st_size for log in kafka_home.glob(f"data/{prefix}*/*.log"))
