"""``faststream``: FastStream on Kafka as its documentation has it, the job's state in Redis.

Three subscribers: a request becomes a task for each item, tasks are looked up in batches, results
go into the job's hash in Redis. Pydantic models on the wire and acknowledgement after the handler.

It promises: an accepted batch is durable (``acks=all``), at-least-once handling, folding a result
twice gives the same job, every item's result and the job's state readable by id, and for that state
what an append-only file flushed each second keeps. The Redis is not counted against the worker. It
does not promise: one look-up for a person at a time, a memory of answers, a public stream of
contacts, dead letters, fairness, or anything about a provider's failure but to try again.
"""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import redis.asyncio
from aiokafka import AIOKafkaProducer
from ulid import ULID

from bench.peers.redis_job_ends import RedisJobEnds, status_ends
from bench.peers.redis_peer import RedisPeer
from bench.people import FIELDS, Person
from bench.topics import create_topics

PARTITIONS = 8


class FastStream(RedisPeer):
    """FastStream on the shared Kafka and Redis."""

    name = "faststream"
    _producer: AIOKafkaProducer | None = None

    async def open(self, workers: int = 1) -> None:
        """Make the topics and start the workers."""
        names = [f"{self.prefix}-{name}" for name in ("requests", "tasks", "results")]
        await create_topics(self.around.kafka, names, PARTITIONS)
        self._producer = AIOKafkaProducer(bootstrap_servers=self.around.kafka, acks="all")
        await self._producer.start()
        await super().open(workers)

    async def close(self) -> None:
        """Stop everything."""
        await super().close()
        if self._producer is not None:
            await self._producer.stop()

    async def submit(self, persons: Sequence[Person]) -> str:
        """Put a batch on the requests topic."""
        if self._producer is None:
            raise RuntimeError("not open")
        job_id = f"op_{ULID()}"
        items = [
            {"index": index, "given": one.given, "identifier": one.identifier}
            for index, one in enumerate(persons)
        ]
        request = {"id": job_id, "fields": FIELDS, "items": items}
        await self._producer.send_and_wait(
            f"{self.prefix}-requests",
            msgspec.json.encode(request),
            job_id.encode(),
            headers=[("content-type", b"application/json")],
        )
        return job_id

    async def result(self, job_id: str, index: int) -> Any:
        """The field of the job's hash."""
        row = await self.redis.hget(f"{job_id}:items", str(index))
        return msgspec.json.decode(row or b"null")

    def job_ends(self, client: "redis.asyncio.Redis") -> RedisJobEnds:
        """A job has ended when its hash says so."""
        return status_ends(client)

    def command(self) -> list[str]:
        """A worker as FastStream starts it."""
        return [
            *(sys.executable, "-m", "faststream", "run"),
            *("bench.peers.faststream_worker:app", "--log-level", "warning"),
        ]
