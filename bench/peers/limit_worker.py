"""The worker of ``limit``: four loops over one aiokafka consumer, three tables in RocksDB.

Each loop reads a batch of its topic, does the work, awaits the delivery of all that it sent, and
only then commits. See ``limit`` for what this promises and what it does not.

    python -m bench.peers.limit_worker KAFKA PREFIX DATA_DIR PROVIDER_URL AT_ONCE VARIANT
"""

import asyncio
import gc
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import rocksdict
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from bench.peers.limit_records import (
    PARTITIONS,
    TABLES,
    TOPICS,
    Contact,
    Header,
    Item,
    Job,
    Results,
    Settled,
    Work,
)
from bench.peers.limit_sources import SOURCES, Source
from enrich_stream.cli.running import GARBAGE_THRESHOLD
from enrich_stream.partitions import partition_of

Deliveries = list[Awaitable[Any]]
Handle = Callable[[Any], Awaitable[Deliveries]]

_AT_A_TIME = 500
_LOOK_SECONDS = 0.1
_encode = msgspec.json.Encoder().encode
_work = msgspec.json.Decoder(Work)
_results = msgspec.json.Decoder(Results)
_contact = msgspec.json.Decoder(Contact)
_header = msgspec.json.Decoder(Header)


class Worker:
    """The pipeline of one process."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.kafka, self.prefix, data_dir, provider, at_once, variant = argv
        self.is_grouped = variant == "grouped"
        self.source: Source = SOURCES[variant](provider, int(at_once))
        self.tables = {name: _table(Path(data_dir) / name) for name in TABLES}
        self.producer = AIOKafkaProducer(
            bootstrap_servers=self.kafka, acks="all", linger_ms=2, max_batch_size=512 * 1024
        )
        self.consumer = AIOKafkaConsumer(
            *(self.topic(name) for name in TOPICS),
            bootstrap_servers=self.kafka,
            group_id=self.prefix,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # Partition 3 of one topic and partition 3 of another go to the same worker.
            partition_assignment_strategy=(RangePartitionAssignor,),
        )

    def topic(self, name: str) -> str:
        """The full name of a topic."""
        return f"{self.prefix}-{name}"

    async def run(self) -> None:
        """Work for ever."""
        await self.producer.start()
        for name in TABLES:
            await self.restore(name)
        await self.consumer.start()
        async with self.source:
            await asyncio.gather(
                self.loop("requests", self.split),
                self.loop("tasks", self.enrich),
                self.loop("results", self.settle),
                self.loop("contacts", self.remember),
            )

    async def restore(self, table: str) -> None:
        """Read a table back from its changelog."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False)
        await consumer.start()
        topic = self.topic(f"{table}-changelog")
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        for partition, end in (await consumer.end_offsets(partitions)).items():
            while await consumer.position(partition) < end:
                batches = await consumer.getmany(partition, timeout_ms=200)
                for record in batches.get(partition, ()):
                    self.tables[table][record.key] = record.value
        await consumer.stop()

    async def loop(self, topic: str, handle: Handle) -> None:
        """Handle a topic's records, a batch of them at a time."""
        name = self.topic(topic)
        while True:
            mine = [part for part in self.consumer.assignment() if part.topic == name]
            if not mine:  # asked for none, it would give those of all topics
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            batches = await self.consumer.getmany(*mine, timeout_ms=200, max_records=_AT_A_TIME)
            records = [record for batch in batches.values() for record in batch]
            if records:
                await asyncio.gather(*await handle(records))
                await self.consumer.commit(
                    {part: batch[-1].offset + 1 for part, batch in batches.items()}
                )

    async def split(self, records: Sequence[Any]) -> Deliveries:
        """Requests become tasks on the partitions of their persons."""
        deliveries = []
        for record in records:
            request = _work.decode(record.value)
            for partition, items in self.groups(request.items):
                task = _encode(Work(request.job, items))
                deliveries.append(await self.send("tasks", record.key, task, partition))
        return deliveries

    def groups(self, items: Sequence[Item]) -> Iterator[tuple[int, tuple[Item, ...]]]:
        """The items that share a record."""
        if not self.is_grouped:
            for item in items:
                yield partition_of(item.identifier, PARTITIONS), (item,)
            return
        groups: defaultdict[int, list[Item]] = defaultdict(list)
        for item in items:
            groups[partition_of(item.identifier, PARTITIONS)].append(item)
        yield from ((partition, tuple(group)) for partition, group in groups.items())

    async def enrich(self, records: Sequence[Any]) -> Deliveries:
        """Tasks become results and contacts."""
        sent = await asyncio.gather(*(self.enrich_task(record) for record in records))
        return [delivery for deliveries in sent for delivery in deliveries]

    async def enrich_task(self, record: Any) -> Deliveries:
        """One task record becomes one result record."""
        task = _work.decode(record.value)
        done = await asyncio.gather(*(self.look_up(task.job, item) for item in task.items))
        results = _encode(Results(task.job, tuple(settled for settled, _ in done)))
        deliveries = [await self.send("results", record.key, results)]
        for _, contact in done:
            key = contact.identifier.encode()
            deliveries.append(await self.send("contacts", key, _encode(contact), record.partition))
        return deliveries

    async def look_up(self, job: Job, item: Item) -> tuple[Settled, Contact]:
        """Remembered, or asked for."""
        row = self.tables["memory"].get(item.identifier.encode())
        known = bytes(_contact.decode(row).evidence) if row else None
        found = await self.source.find(item, job.fields, known)
        evidence = msgspec.Raw(found.evidence)
        settled = Settled(item.index, found.outcome, msgspec.Raw(found.answer), evidence)
        contact_id = f"{job.id}/{item.index:03d}"
        return settled, Contact(contact_id, item.identifier, found.outcome, evidence)

    async def settle(self, records: Sequence[Any]) -> Deliveries:
        """Results become rows, and count in their jobs' headers."""
        deliveries = []
        for record in records:
            results = _results.decode(record.value)
            row = self.tables["jobs"].get(record.key)
            header = _header.decode(row) if row else Header(results.job)
            settled = int(header.settled, 16)
            for item in results.items:
                key = f"{results.job.id}/{item.index:03d}".encode()
                # The first outcome stays; it is written again, for the changelog may lack it.
                stored = self.tables["items"].get(key) or _encode(item)
                deliveries.append(await self.store("items", key, stored, record.partition))
                settled |= 1 << item.index
            header.settled = f"{settled:x}"
            deliveries.append(
                await self.store("jobs", record.key, _encode(header), record.partition)
            )
        return deliveries

    async def remember(self, records: Sequence[Any]) -> Deliveries:
        """Contacts become the memory of persons."""
        return [
            await self.store("memory", record.key, record.value, record.partition)
            for record in records
        ]

    async def store(self, table: str, key: bytes, row: bytes, partition: int) -> Awaitable[Any]:
        """Write a row here and to the changelog."""
        self.tables[table][key] = row
        return await self.send(f"{table}-changelog", key, row, partition)

    async def send(
        self, topic: str, key: bytes, value: bytes, partition: int | None = None
    ) -> Awaitable[Any]:
        """Hand a record to the producer; the delivery is awaited by the loop."""
        delivery: Awaitable[Any] = await self.producer.send(
            self.topic(topic), value, key, partition=partition
        )
        return delivery


def _table(path: Path) -> rocksdict.Rdict:
    path.mkdir(parents=True, exist_ok=True)
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(create_if_missing=True)
    return rocksdict.Rdict(str(path), options=options)


async def main() -> None:
    """Run one worker."""
    await Worker(sys.argv[1:]).run()


if __name__ == "__main__":
    # As the workers it stands beside do.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    uvloop.run(main())
