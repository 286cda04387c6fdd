"""How the end of jobs is noticed by who waits for them."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer


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
