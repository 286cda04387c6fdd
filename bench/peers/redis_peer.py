"""What the contenders with their state in Redis have in common."""

import os
from typing import Any

import redis.asyncio

from bench.peers.redis_job_ends import RedisJobEnds
from bench.processes import start, stop
from bench.surroundings import ITEMS_AT_ONCE, Surroundings


class RedisPeer:
    """A contender whose workers take their settings from the environment."""

    def __init__(self, around: Surroundings, prefix: str, delay_ms: int) -> None:
        self.around = around
        self.prefix = prefix
        self.environ = {
            "BENCH_REDIS_URL": around.redis.url,
            "BENCH_KAFKA": around.kafka,
            "BENCH_PROVIDER_URL": around.provider_url(delay_ms),
            "BENCH_ITEMS_AT_ONCE": str(ITEMS_AT_ONCE),
            "BENCH_QUEUE": prefix,
        }
        self.redis = redis.asyncio.Redis.from_url(around.redis.url)
        self._ends = self.job_ends(self.redis)
        self._processes: list[Any] = []

    async def open(self, workers: int = 1) -> None:
        """Start the workers."""
        # What submits is the same application as what works.
        os.environ.update(self.environ)
        await self._ends.start()
        log = self.around.home / "logs" / f"{self.prefix}.log"
        self._processes = [start(self.command(), log, self.environ) for _ in range(workers)]

    async def close(self) -> None:
        """Stop everything."""
        for process in self._processes:
            stop(process)
        await self._ends.stop()
        await self.redis.aclose()

    async def ended(self, job_id: str) -> None:
        """Wait for the batch's state to say so."""
        await self._ends.wait(job_id)

    def worker_pids(self) -> list[int]:
        """Of the workers."""
        return [process.pid for process in self._processes]

    def job_ends(self, client: "redis.asyncio.Redis") -> RedisJobEnds:
        """How this contender says that a batch has ended."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """What starts a worker."""
        raise NotImplementedError
