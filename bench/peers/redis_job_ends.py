"""The end of jobs whose state is in Redis, noticed by asking again and again."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import redis.asyncio

from bench.peers.job_ends import JobEnds

POLL_SECONDS = 0.005


class RedisJobEnds(JobEnds):
    """Asks a Redis again and again about the jobs that somebody waits for.

    Args:
        client: Of the Redis.
        ask: Puts the question about one job into a pipeline; the answer is true once it has ended.
    """

    def __init__(self, client: "redis.asyncio.Redis", ask: Callable[[Any, str], None]) -> None:
        super().__init__()
        self._client = client
        self._ask = ask
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _follow(self) -> None:
        while True:
            pending = self.pending()
            for job_id, answer in zip(pending, await self._answers(pending), strict=True):
                if answer:
                    self.has_ended(job_id)
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self, job_ids: Sequence[str]) -> list[Any]:
        if not job_ids:
            return []
        async with self._client.pipeline(transaction=False) as pipe:
            for job_id in job_ids:
                self._ask(pipe, job_id)
            answers: list[Any] = await pipe.execute()
            return answers


def status_ends(client: "redis.asyncio.Redis") -> RedisJobEnds:
    """The end of batches whose hash has a member ``status``."""
    return RedisJobEnds(
        client,
        lambda pipe, job_id: pipe.hget(job_id, "status"),
    )
