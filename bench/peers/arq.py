"""``arq``: arq with Redis, a job for each person; more used than taskiq by its downloads.

As its documentation has it: a job for each item under an id of its own, run again when a worker
dies. Of batches arq knows nothing, so the last job to write its result into the batch's hash says
that the batch has ended. Its queue is polled; the interval is far below the default, or it would
wait most of the time.

It promises: at-least-once jobs, every item's result and the batch's state readable by id, and
what an append-only file flushed each second keeps. Submitting is not counted against the worker,
neither is the Redis. It does not promise: a batch taken whole or not at all, one look-up for a
person at a time, a memory of answers, a public stream of contacts, or fairness.
"""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import redis.asyncio
from arq import ArqRedis, create_pool
from arq.connections import RedisSettings
from ulid import ULID

from bench.peers.redis_job_ends import RedisJobEnds, status_ends
from bench.peers.redis_peer import RedisPeer
from bench.people import FIELDS, Person


class Arq(RedisPeer):
    """arq on the shared Redis."""

    name = "arq"
    _pool: ArqRedis | None = None

    async def open(self, workers: int = 1) -> None:
        """Connect and start the workers."""
        self._pool = await create_pool(
            RedisSettings.from_dsn(self.around.redis.url), default_queue_name=self.prefix
        )
        await super().open(workers)

    async def close(self) -> None:
        """Stop everything."""
        await super().close()
        if self._pool is not None:
            await self._pool.aclose()

    async def submit(self, persons: Sequence[Person]) -> str:
        """Record the batch, then enqueue its items."""
        if self._pool is None:
            raise RuntimeError("not open")
        batch = {"id": f"op_{ULID()}", "total": len(persons), "fields": FIELDS}
        await self.redis.hset(str(batch["id"]), "total", str(len(persons)))
        for index, one in enumerate(persons):
            job_id = f"{batch['id']}/{index:03d}"
            await self._pool.enqueue_job(
                "enrich", batch, index, one.given, one.identifier, _job_id=job_id
            )
        return str(batch["id"])

    async def result(self, job_id: str, index: int) -> Any:
        """The field of the batch's hash."""
        row = await self.redis.hget(f"{job_id}:items", str(index))
        return msgspec.json.decode(row or b"null")

    def job_ends(self, client: "redis.asyncio.Redis") -> RedisJobEnds:
        """A batch has ended when its hash says so."""
        return status_ends(client)

    def command(self) -> list[str]:
        """A worker as arq starts it."""
        return [sys.executable, "-m", "arq", "bench.peers.arq_worker.WorkerSettings"]
