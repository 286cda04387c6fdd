"""Whether twice the workers do twice as much, as long as there is processor time left."""

import time
from collections.abc import Mapping

from bench.peers.contender import Contender, run_batches
from bench.people import BATCH, Crowd
from bench.series import Series

ITEMS_AT_ONCE = 10
"""Of one worker, so that four of them wait for their provider and not for a processor."""
BATCHES = 6
"""In a round, for each worker."""


async def measure_replicas(groups: Mapping[int, Contender], rounds: int) -> Series:
    """Items per second of so many workers on a provider that takes its time, in turns."""
    found = Series("items/s, 50 ms", "all workers")
    crowd = Crowd(first=400_000_000)
    for count, contender in groups.items():
        await run_batches(contender, [crowd.batch() for _ in range(2 * count)])
    for _ in range(rounds):
        for count, contender in groups.items():
            batches = [crowd.batch() for _ in range(BATCHES * count)]
            started = time.perf_counter()
            await run_batches(contender, batches)
            taken = time.perf_counter() - started
            found.add(_name(count), len(batches) * BATCH / taken)
    return found


def _name(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"
