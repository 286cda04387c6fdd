"""enrich-stream itself: its worker processes, with their settings as they come.

Batches are put on the requests topic as the front door does it; the front door has measurements
of its own. It promises what the README says, among it what no other contender here does: a fair
share for each organisation, a lane for those who wait, dead letters, hand-over of partitions in
good order, rows restored after any loss, one call for a person however many ask, memory of
answers, and evidence for every value.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from ulid import ULID

from bench.peers.job_ends import KafkaJobEnds
from bench.people import FIELDS, Person
from bench.surroundings import ITEMS_AT_ONCE, Surroundings
from enrich_stream import clock, job
from enrich_stream.person import Field
from enrich_stream.records import (
    VERSION,
    EnrichmentRequested,
    Item,
    Job,
    JobHeader,
    JobItem,
    decode,
    encode,
)
from enrich_stream.stack import Process, Stack, free_port, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import Topics, load_topics

_READY_SECONDS = 300.0
"""A front door with a million rows to read back takes a while."""


class EnrichStream:
    """An installation of its own on the shared Kafka.

    Args:
        around: What is shared.
        prefix: Begins the names of its topics.
        delay_ms: How long its provider takes.
        environ: Further settings.
    """

    def __init__(
        self,
        around: Surroundings,
        prefix: str,
        delay_ms: int,
        environ: Mapping[str, str] | None = None,
        name: str = "enrich-stream",
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.topics: Topics = load_topics(prefix=prefix)
        self.stack = Stack(
            around.home / prefix,
            around.kafka,
            {
                "KAFKA_TOPIC_PREFIX": prefix,
                "ENRICH_ENDPOINT_URL": around.provider_url(delay_ms),
                "ENRICH_ENDPOINT_CONCURRENCY": str(ITEMS_AT_ONCE),
                "ENRICH_LOG_LEVEL": "warning",
                # One caller asks for more than any key may.
                "ENRICH_REQUESTS_PER_MINUTE": "0",
                "ENRICH_POLLS_PER_MINUTE": "0",
                **(environ or {}),
            },
        )
        self._kafka = around.kafka
        self._producer: AIOKafkaProducer | None = None
        self._ends: KafkaJobEnds | None = None

    async def open(self, workers: int = 1) -> None:
        """Start worker processes and return when each has done something."""
        await apply_topics(self._kafka, self.topics)
        self._producer = AIOKafkaProducer(bootstrap_servers=self._kafka, acks="all", linger_ms=2)
        await self._producer.start()
        self._ends = KafkaJobEnds(self._kafka, self.topics.jobs_changelog.name, _is_end)
        await self._ends.start()
        for number in range(workers):
            self.start_worker(number + 1)

    def start_worker(self, number: int = 1) -> None:
        """Start one more."""
        self.stack.start_worker(f"worker-{number}")

    async def close(self) -> None:
        """Stop everything."""
        self.stack.stop()
        if self._ends is not None:
            await self._ends.stop()
        if self._producer is not None:
            await self._producer.stop()

    def open_door(self) -> int:
        """Start a front door and return its port once it is ready."""
        port = free_port()
        process = self.stack.start_api(port=port)
        wait_until_ready(process, f"http://127.0.0.1:{port}", _READY_SECONDS)
        return port

    async def submit(self, persons: Sequence[Person]) -> str:
        """Accept a batch as the front door does."""
        if self._producer is None:
            raise RuntimeError("not open")
        request = _request(persons)
        await self._producer.send_and_wait(
            self.topics.requests.name, encode(request), request.job.id.encode()
        )
        return request.job.id

    async def ended(self, job_id: str) -> None:
        """Wait for the job's header to say so."""
        if self._ends is None:
            raise RuntimeError("not open")
        await self._ends.wait(job_id)

    async def result(self, job_id: str, index: int) -> Any:
        """Read the item's row from its changelog."""
        topic, key = self.topics.job_items_changelog.name, job.item_key(job_id, index).encode()
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self._kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            async for record in consumer:
                if record.key == key:
                    return msgspec.json.decode(decode(record.value, JobItem).item.answer)
        finally:
            await consumer.stop()

    def worker_pids(self) -> list[int]:
        """Of the workers that run."""
        return [
            process.popen.pid
            for process in self.stack.processes
            if process.is_running and process.name.startswith("worker")
        ]

    def door_pid(self) -> int:
        """Of the front door."""
        return self._door().popen.pid

    def stop_door(self) -> None:
        """Stop it."""
        self._door().stop()

    def _door(self) -> Process:
        return next(one for one in self.stack.processes if one.name.startswith("api"))


def _request(persons: Sequence[Person]) -> EnrichmentRequested:
    opened = Job(
        id=f"op_{ULID()}",
        organisation="default",
        kind="batch",
        total=len(persons),
        fields=tuple(Field(name) for name in FIELDS),
        accepted_at=clock.now(),
        request_id="5c7f1fd0-6f0a-4b4f-9d1e-5a3f0f6d7a10",
    )
    items = tuple(
        Item(index=index, given=one.given, identifier=one.identifier)
        for index, one in enumerate(persons)
    )
    return EnrichmentRequested(version=VERSION, job=opened, items=items)


def _is_end(value: bytes) -> bool:
    return job.is_complete(decode(value, JobHeader))
