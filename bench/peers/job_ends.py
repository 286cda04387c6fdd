"""How the end of jobs is noticed: on a changelog topic in Kafka, or by asking Redis."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import redis.asyncio
from aiokafka import AIOKafkaConsumer

POLL_SECONDS = 0.01


class JobEnds:
    """Remembers who has ended, and wakes who waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}
        self._ended: set[str] = set()

    async def wait(self, job_id: str) -> None:
        """Return once the job has ended."""
        if job_id not in self._ended:
            await self._waiting.setdefault(job_id, asyncio.Event()).wait()

    def has_ended(self, job_id: str) -> None:
        """To be called for each job that has."""
        self._ended.add(job_id)
        if job_id in self._waiting:
            self._waiting.pop(job_id).set()

    def pending(self) -> list[str]:
        """Those that somebody waits for."""
        return list(self._waiting)


class KafkaJobEnds(JobEnds):
    """Reads a topic of job states.

    Args:
        bootstrap_servers: Of Kafka.
        topic: Its records' keys are job ids.
        is_end: Whether a record's value says that its job has ended.
    """

    def __init__(self, bootstrap_servers: str, topic: str, is_end: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest"
        )
        self._is_end = is_end
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read."""
        await self._consumer.start()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._consumer.stop()

    async def _follow(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=1000)
            for batch in batches.values():
                for record in batch:
                    if record.value is not None and self._is_end(record.value):
                        self.has_ended(record.key.decode())


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
