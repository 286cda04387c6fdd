"""Whether a worker's disk has what Kafka has: a row that it lacks would be lost in silence."""

from collections.abc import Iterator
from pathlib import Path

import rocksdict

from enrich_stream.chaos.reader import read_all
from enrich_stream.topics import Topic, Topics

_OFFSET_KEY = b"__faust\0offset__"
_SHOWN = 3


async def differences(bootstrap_servers: str, topics: Topics, data_dir: Path) -> list[str]:
    """How the tables of a worker that had all partitions and was stopped differ from Kafka."""
    tables = {
        "jobs": topics.jobs_changelog,
        "job_items": topics.job_items_changelog,
        "contacts": topics.contacts_changelog,
    }
    found: list[str] = []
    for table, changelog in tables.items():
        there = await _rows_in_kafka(bootstrap_servers, changelog)
        here = {p: dict(_rows_on_disk(data_dir, table, p)) for p in range(changelog.partitions)}
        for partition, rows in here.items():
            wanted = there.get(partition, {})
            wrong = sorted(k for k in rows.keys() | wanted.keys() if rows.get(k) != wanted.get(k))
            if wrong:
                shown = ", ".join(key.decode(errors="replace") for key in wrong[:_SHOWN])
                found.append(f"{len(wrong)} rows of {table}-{partition} are unlike Kafka: {shown}")
    return found


async def _rows_in_kafka(
    bootstrap_servers: str, changelog: Topic
) -> dict[int, dict[bytes, bytes | None]]:
    rows: dict[int, dict[bytes, bytes | None]] = {}
    async for record in read_all(bootstrap_servers, changelog):
        rows.setdefault(record.partition, {})[record.key] = record.value
    return rows


def _rows_on_disk(data_dir: Path, table: str, partition: int) -> Iterator[tuple[bytes, bytes]]:
    for path in data_dir.glob(f"v*/tables/{table}-{partition}.db"):
        options = rocksdict.Options(raw_mode=True)
        access = rocksdict.AccessType.read_only()
        db = rocksdict.Rdict(str(path), options=options, access_type=access)
        for key, value in db.items():
            # In raw mode every key and value is bytes, which the library's types do not know.
            if key != _OFFSET_KEY:
                yield bytes(key), bytes(value)  # type: ignore[arg-type]
        db.close()
