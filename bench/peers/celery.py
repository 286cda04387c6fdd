"""``celery``: Celery with Redis as broker and result backend, a chord for each batch.

One task for each person, its result stored under an id of its own, and a callback with all
results once the last is there, as Celery's documentation composes it; late acknowledgement, so
that a task survives its worker. The pool is gevent, which it recommends for waiting on the network.

It promises: at-least-once tasks, a result for each item and for the batch readable by id, and what
an append-only file flushed each second keeps. Making the chord is the submitter's work, as
documented, and not counted against the worker; neither is the Redis. It does not promise: a batch
taken whole or not at all, one look-up for a person at a time, a memory of answers, a public stream
of contacts, fairness, or progress of a batch without asking for each of its items.
"""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import redis.asyncio

from bench.peers.redis_job_ends import RedisJobEnds
from bench.peers.redis_peer import RedisPeer
from bench.people import FIELDS, Person
from bench.surroundings import ITEMS_AT_ONCE, Surroundings


class Celery(RedisPeer):
    """Celery on the shared Redis."""

    name = "celery"

    def __init__(self, around: Surroundings, prefix: str, delay_ms: int) -> None:
        super().__init__(around, prefix, delay_ms)
        self._parts: dict[str, list[str]] = {}

    async def submit(self, persons: Sequence[Person]) -> str:
        """Make the chord; its callback's id is the batch's."""
        # Only now: the application reads its settings from the environment that was set.
        from celery import chord  # noqa: PLC0415

        from bench.peers.celery_worker import enrich, finish  # noqa: PLC0415

        parts = [
            enrich.s(one.given, one.identifier, list(FIELDS)).set(queue=self.prefix)
            for one in persons
        ]
        made = chord(parts, finish.s().set(queue=self.prefix)).apply_async()
        self._parts[made.id] = [part.id for part in made.parent.results]
        return str(made.id)

    async def result(self, job_id: str, index: int) -> Any:
        """The result of one task by its id."""
        row = await self.redis.get(f"celery-task-meta-{self._parts[job_id][index]}")
        return msgspec.json.decode(row or b"{}")["result"]

    def job_ends(self, client: "redis.asyncio.Redis") -> RedisJobEnds:
        """A batch has ended when its callback has a result."""
        return RedisJobEnds(client, lambda pipe, job_id: pipe.exists(f"celery-task-meta-{job_id}"))

    def command(self) -> list[str]:
        """A worker as Celery starts it."""
        return [
            *(sys.executable, "-m", "celery", "-A", "bench.peers.celery_worker", "worker"),
            *("--pool", "gevent", "--concurrency", str(ITEMS_AT_ONCE)),
            *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
        ]
