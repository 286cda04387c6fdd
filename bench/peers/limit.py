"""``limit``: what Kafka, RocksDB and Python allow when somebody writes just this by hand.

Raw aiokafka loops with rocksdict and no framework, in three variants: *per item* has one record for
each item on every hop, as a straightforward pipeline does; *grouped* has one for the items that
share a partition; *by our rules* is the first with what enrich-stream does for a person in between:
its waterfall, its client, its verification, its outcomes and its evidence. What that one costs more
is the rules; what enrich-stream costs beside it is the engine and the guarantees.

It promises: an accepted batch is durable (``acks=all``), nothing is committed before what it led
to is delivered, folding a result twice gives the same job, any disk may vanish (tables are read
back from their changelogs at the start), a remembered person is not asked for again, and a public
record for each contact. It does not promise: anything about failures of the provider (it stops),
broken records (it stops), hand-over while it runs, two concurrent askers for one person, fairness,
a lane for those who wait, bounded memory, evidence in one shape, or any observability.
"""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from ulid import ULID

from bench.peers.job_ends import KafkaJobEnds
from bench.peers.limit_records import PARTITIONS, Header, Item, Job, Settled, Work, names
from bench.people import FIELDS, Person
from bench.processes import start, stop
from bench.surroundings import ITEMS_AT_ONCE, Surroundings
from bench.topics import create_topics


class Limit:
    """One variant, with topics of its own on the shared Kafka."""

    def __init__(self, around: Surroundings, prefix: str, delay_ms: int, variant: str) -> None:
        self.name = f"limit, {variant}"
        self.prefix = prefix
        self._around = around
        self._variant = variant.replace(" ", "-")
        self._delay_ms = delay_ms
        self._processes: list[Any] = []
        self._producer: AIOKafkaProducer | None = None
        self._ends: KafkaJobEnds | None = None

    async def open(self, workers: int = 1) -> None:
        """Make the topics and start the workers."""
        await create_topics(self._around.kafka, names(self.prefix), PARTITIONS)
        self._producer = AIOKafkaProducer(bootstrap_servers=self._around.kafka, acks="all")
        await self._producer.start()
        self._ends = KafkaJobEnds(self._around.kafka, f"{self.prefix}-jobs-changelog", _is_end)
        await self._ends.start()
        self._processes = [start(self._command(number), self._log()) for number in range(workers)]

    async def close(self) -> None:
        """Stop everything."""
        for process in self._processes:
            stop(process)
        if self._ends is not None:
            await self._ends.stop()
        if self._producer is not None:
            await self._producer.stop()

    async def submit(self, persons: Sequence[Person]) -> str:
        """Put a batch on the requests topic."""
        if self._producer is None:
            raise RuntimeError("not open")
        job = Job(f"op_{ULID()}", len(persons), FIELDS)
        items = tuple(Item(index, one.given, one.identifier) for index, one in enumerate(persons))
        await self._producer.send_and_wait(
            f"{self.prefix}-requests", msgspec.json.encode(Work(job, items)), job.id.encode()
        )
        return job.id

    async def ended(self, job_id: str) -> None:
        """Wait for the job's header to say so."""
        if self._ends is None:
            raise RuntimeError("not open")
        await self._ends.wait(job_id)

    async def result(self, job_id: str, index: int) -> Any:
        """Read the item's row from its changelog."""
        consumer = AIOKafkaConsumer(
            f"{self.prefix}-items-changelog",
            bootstrap_servers=self._around.kafka,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            async for record in consumer:
                if record.key == f"{job_id}/{index:03d}".encode():
                    row = msgspec.json.decode(record.value, type=Settled)
                    return msgspec.json.decode(row.answer)
        finally:
            await consumer.stop()

    def worker_pids(self) -> list[int]:
        """Of the workers."""
        return [process.pid for process in self._processes]

    def _command(self, number: int) -> list[str]:
        around = self._around
        return [
            *(sys.executable, "-m", "bench.peers.limit_worker", around.kafka, self.prefix),
            *(str(around.home / self.prefix / f"worker-{number}"),),
            *(around.provider_url(self._delay_ms), str(ITEMS_AT_ONCE), self._variant),
        ]

    def _log(self) -> Any:
        return self._around.home / "logs" / f"{self.prefix}.log"


def _is_end(value: bytes) -> bool:
    return msgspec.json.decode(value, type=Header).is_complete
