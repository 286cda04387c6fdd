"""What every contender can do, so that all are measured in the same way."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from bench.people import Person

PATIENCE_SECONDS = 120.0
"""What has not ended by then never will: whoever should do it is gone."""
JOBS_IN_FLIGHT = 20
"""Batches that have been submitted and have not ended: enough that no worker ever waits."""


class Contender(Protocol):
    """One way of building the service.

    Attributes:
        name: As it stands in the table.
        prefix: Begins the names of its topics.
    """

    name: str
    prefix: str

    async def open(self, workers: int = 1) -> None:
        """Start so many worker processes and return when they work."""
        ...

    async def close(self) -> None:
        """Stop everything."""
        ...

    async def submit(self, persons: Sequence[Person]) -> str:
        """The id of a batch, once it is accepted durably."""
        ...

    async def ended(self, job_id: str) -> None:
        """Return once all items of a batch are settled."""
        ...

    async def result(self, job_id: str, index: int) -> Any:
        """The stored answer of one item, read by id."""
        ...

    def worker_pids(self) -> list[int]:
        """Of the processes that do the work."""
        ...


async def run_batches(
    contender: Contender, batches: Sequence[Sequence[Person]], at_once: int = JOBS_IN_FLIGHT
) -> list[str]:
    """Have all batches done, a bounded number at once; their ids."""
    slots = asyncio.Semaphore(at_once)

    async def run(batch: Sequence[Person]) -> str:
        async with slots:
            async with asyncio.timeout(PATIENCE_SECONDS):
                job_id = await contender.submit(batch)
                await contender.ended(job_id)
            return job_id

    return await asyncio.gather(*(run(batch) for batch in batches))


async def check_result(contender: Contender, job_id: str, batch: Sequence[Person]) -> None:
    """Make sure that the last item of a batch is there with its own person's e-mail."""
    found = msgspec.json.encode(await contender.result(job_id, len(batch) - 1)).decode()
    if f"{batch[-1].slug}@northwind.example" not in found:
        raise RuntimeError(f"{contender.name}: the last item of {job_id} has no right result")
