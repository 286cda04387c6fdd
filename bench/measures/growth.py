"""Whether an item costs the same in larger batches, and beside more stored items."""

from collections.abc import Mapping

from bench.peers.contender import Contender, run_batches
from bench.people import Crowd
from bench.processes import cpu_seconds
from bench.series import Series

ITEMS = 3000
"""In a round."""
IN_FLIGHT = 2000
"""Items that are under way at once, in batches of whatever size."""
BATCHES = (1, 10, 100)


async def measure_batches(contender: Contender, rounds: int, items: int = ITEMS) -> Series:
    """Processor time of an item in batches of each size, in turns."""
    found = Series("CPU of an item", "µs")
    crowd = Crowd(first=200_000_000)
    await _cost(contender, crowd, 100, items)
    for _ in range(rounds):
        for size in BATCHES:
            # Batches of one cost so much more that a third of them takes as long.
            share = items if size > 1 else items // 3
            found.add(f"batches of {size}", await _cost(contender, crowd, size, share))
    return found


async def measure_stored(
    installations: Mapping[int, Contender], rounds: int, items: int = ITEMS
) -> Series:
    """Processor time of an item in installations that have so many stored, in turns."""
    found = Series("CPU of an item", "µs")
    crowd = Crowd(first=300_000_000)
    for contender in installations.values():
        await _cost(contender, crowd, 100, items)
    for _ in range(rounds):
        for stored, contender in installations.items():
            found.add(f"{stored:,} stored", await _cost(contender, crowd, 100, items))
    return found


async def _cost(contender: Contender, crowd: Crowd, size: int, items: int) -> float:
    batches = [crowd.batch(size) for _ in range(items // size)]
    pids = contender.worker_pids()
    used = cpu_seconds(pids)
    await run_batches(contender, batches, at_once=IN_FLIGHT // size)
    return (cpu_seconds(pids) - used) / items * 1e6
