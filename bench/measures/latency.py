"""How long one person takes from asking to the answer, alone and at half load."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.peers.contender import PATIENCE_SECONDS, Contender
from bench.people import BATCH, Crowd, Person
from bench.series import Series, percentile

Ask = Callable[[Person], Awaitable[None]]
_PAUSE_SECONDS = 0.02
"""Between two questions of the one who asks."""


@dataclass(slots=True)
class Latency:
    """What this measures, in milliseconds."""

    median: Series
    p99: Series


def ask_through(contender: Contender) -> Ask:
    """A batch of one, submitted and waited for by a client that is already connected."""

    async def ask(person: Person) -> None:
        await contender.ended(await contender.submit([person]))

    return ask


async def measure_latency(
    contenders: Sequence[Contender],
    asks: Mapping[str, Ask],
    *,
    rounds: int,
    requests: int,
    load: Mapping[str, float],
    title: str,
) -> Latency:
    """Ask one person after the other, in turns.

    Args:
        contenders: Opened, and not doing anything else.
        asks: How to ask each of them.
        rounds: Of each contender.
        requests: In a round.
        load: Items per second of batches that each does at the same time.
        title: For the table.
    """
    found = Latency(Series(f"p50, {title}", "ms", 1), Series(f"p99, {title}", "ms", 1))
    crowds = {contender.name: Crowd(first=100_000_000) for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            crowd, ask = crowds[contender.name], asks[contender.name]
            async with _loaded(contender, crowd, load.get(contender.name, 0.0)):
                times = [await _timed(ask, crowd.batch(1)[0]) for _ in range(requests)]
            found.median.add(contender.name, percentile(times, 0.5))
            found.p99.add(contender.name, percentile(times, 0.99))
    return found


async def _timed(ask: Ask, person: Person) -> float:
    await asyncio.sleep(_PAUSE_SECONDS)
    started = time.perf_counter()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await ask(person)
    return (time.perf_counter() - started) * 1000


@contextlib.asynccontextmanager
async def _loaded(
    contender: Contender, crowd: Crowd, items_per_second: float
) -> AsyncIterator[None]:
    """Batches at a steady rate in the background, all of them ended at the end."""
    jobs: set[asyncio.Task[None]] = set()

    async def run() -> None:
        await contender.ended(await contender.submit(crowd.batch()))

    async def submit_for_ever() -> None:
        while True:
            jobs.add(asyncio.create_task(run()))
            await asyncio.sleep(BATCH / items_per_second)

    submitting = asyncio.create_task(submit_for_ever()) if items_per_second else None
    try:
        yield
    finally:
        if submitting is not None:
            submitting.cancel()
            await asyncio.wait([submitting])
        await asyncio.gather(*jobs)
