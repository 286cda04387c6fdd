"""Stored jobs without the work: rows written to the changelogs of an installation as they are.

The rows are those that workers write for finished jobs of 100 persons, so that a standby or a
worker that reads them back has what it would have after so much work.
"""

from collections.abc import Iterator

from aiokafka import AIOKafkaProducer
from ulid import ULID

from bench.people import BATCH, FIELDS, Person, person
from enrich_stream import clock, job
from enrich_stream.partitions import partition_of
from enrich_stream.person import Field, Outcome
from enrich_stream.records import (
    VERSION,
    Evidence,
    FieldResult,
    Job,
    JobHeader,
    JobItem,
    RememberedContact,
    SettledItem,
    encode,
    raw,
)
from enrich_stream.topics import Topic, Topics

FIRST_PERSON = 500_000_000
"""Far from those that are asked about, so that no stored answer is theirs."""

Row = tuple[Topic, str, str, bytes]
"""Topic, key, what decides the partition, value."""


async def fill(bootstrap_servers: str, topics: Topics, items: int) -> list[str]:
    """Write finished jobs with so many items in all; their ids."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, acks="all", max_batch_size=512 * 1024
    )
    await producer.start()
    batches = _Batches(producer)
    job_ids = []
    for first in range(FIRST_PERSON, FIRST_PERSON + items, BATCH):
        job_id = f"op_{ULID()}"
        for topic, key, home, value in _rows(topics, job_id, first):
            await batches.add(topic, key.encode(), partition_of(home, topic.partitions), value)
        job_ids.append(job_id)
    await batches.send_all()
    await producer.stop()
    return job_ids


class _Batches:
    """Records in the producer's own batches, which is ten times cheaper than one by one."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._open: dict[tuple[str, int], object] = {}

    async def add(self, topic: Topic, key: bytes, partition: int, value: bytes) -> None:
        """Put a record into its partition's batch; a full one is sent."""
        place = topic.name, partition
        batch = self._open.setdefault(place, self._producer.create_batch())
        if batch.append(key=key, value=value, timestamp=None) is None:  # type: ignore[attr-defined]
            await self._send(place)
            await self.add(topic, key, partition, value)

    async def send_all(self) -> None:
        """Send what is left."""
        for place in list(self._open):
            await self._send(place)

    async def _send(self, place: tuple[str, int]) -> None:
        topic, partition = place
        await (await self._producer.send_batch(self._open.pop(place), topic, partition=partition))


def _rows(topics: Topics, job_id: str, first: int) -> Iterator[Row]:
    now = clock.now()
    header = JobHeader(
        version=VERSION,
        job=Job(
            id=job_id,
            organisation="default",
            kind="batch",
            total=BATCH,
            fields=tuple(Field(name) for name in FIELDS),
            accepted_at=now,
            request_id="5c7f1fd0-6f0a-4b4f-9d1e-5a3f0f6d7a10",
        ),
        dispatched=True,
        found=f"{(1 << BATCH) - 1:x}",
        updated_at=now,
        completed_at=now,
    )
    for index in range(BATCH):
        one = person(first + index)
        fields = _fields(one, now)
        settled = SettledItem(
            index=index,
            outcome=Outcome.FOUND,
            answer=raw(_answer(one)),
            evidence=raw({"fields": fields, "trail": [_TRAIL]}),
        )
        row = encode(JobItem(version=VERSION, item=settled))
        yield topics.job_items_changelog, job.item_key(job_id, index), job_id, row
        known = encode(RememberedContact(version=VERSION, person_known=True, fields=fields))
        yield topics.contacts_changelog, one.identifier, one.identifier, known
    yield topics.jobs_changelog, job_id, job_id, encode(header)


_TRAIL = {
    "provider": "endpoint",
    "outcomes": {"contact.email": "found", "contact.phone": "found"},
    "milliseconds": 1,
    "cost": 1.0,
}


def _answer(one: Person) -> dict[str, object]:
    contact = {"email": [f"{one.slug}@northwind.example"], "phone": ["+442079460190"]}
    return {"identifier": one.given, "status": "success", "data": {"contact": contact}}


def _fields(one: Person, now: str) -> dict[Field, FieldResult]:
    return {
        Field.EMAIL: _found(f"{one.slug}@northwind.example", "mailbox", now),
        Field.PHONE: _found("+442079460190", "carrier", now),
    }


def _found(value: str, verification: str, now: str) -> FieldResult:
    evidence = Evidence(
        value=value,
        provider="endpoint",
        verified=True,
        verification=verification,
        observed_at="2026-04-04T00:00:00.000Z",
    )
    return FieldResult(outcome=Outcome.FOUND, values=(evidence,), as_of=now)
