"""What one worker process does and costs: items per second, processor time, memory, bytes kept."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bench.disk import kafka_bytes
from bench.peers.contender import Contender, check_result, run_batches
from bench.people import BATCH, Crowd, Person
from bench.processes import cpu_seconds, resident_mib
from bench.series import Series
from bench.surroundings import Surroundings

ROUND_SECONDS = 3.0
"""What a round should take: each contender gets as many batches as it does in that time."""
MOST_BATCHES = 150


@dataclass(slots=True)
class Items:
    """What this measures.

    Attributes:
        rate: Per second, by the clock.
        cost: Processor time of an item.
        server: The same of Kafka and Redis together.
        memory: At the end.
        kept: Bytes of an item on Kafka, all topics and changelogs together; on Redis's
            append-only file for those that keep their state there.
    """

    rate: Series
    cost: Series
    server: Series
    memory: Series
    kept: Series

    def all(self) -> list[Series]:
        """For the table."""
        return [self.rate, self.cost, self.server, self.memory, self.kept]


async def measure_items(
    around: Surroundings, contenders: Sequence[Contender], rounds: int, title: str
) -> Items:
    """Measure opened contenders side by side, in turns."""
    found = Items(
        Series(f"items/s, {title}", "one worker"),
        Series("CPU of an item", "µs"),
        Series("CPU of Kafka and Redis", "µs"),
        Series("memory", "MiB"),
        Series("kept", "bytes an item"),
    )
    crowds = {contender.name: Crowd() for contender in contenders}
    sizes = {c.name: await _calibrate(c, crowds[c.name]) for c in contenders}
    for _ in range(rounds):
        for contender in contenders:
            batches = [crowds[contender.name].batch() for _ in range(sizes[contender.name])]
            await _round(around, contender, batches, found)
    for contender in contenders:
        found.memory.add(contender.name, resident_mib(contender.worker_pids()))
    return found


async def _calibrate(contender: Contender, crowd: Crowd) -> int:
    """Warm up, look whether results are right, and find out how many batches fill a round."""
    batches = [crowd.batch() for _ in range(5)]
    job_ids = await run_batches(contender, batches)
    await check_result(contender, job_ids[-1], batches[-1])
    started = time.perf_counter()
    await run_batches(contender, [crowd.batch() for _ in range(15)])
    in_a_round = 15 * ROUND_SECONDS / (time.perf_counter() - started)
    return max(5, min(MOST_BATCHES, round(in_a_round)))


async def _round(
    around: Surroundings, contender: Contender, batches: Sequence[Sequence[Person]], found: Items
) -> None:
    items = len(batches) * BATCH
    before, started = _Spent.of(around, contender), time.perf_counter()
    await run_batches(contender, batches)
    seconds = time.perf_counter() - started
    after = _Spent.of(around, contender)
    found.rate.add(contender.name, items / seconds)
    found.cost.add(contender.name, (after.worker - before.worker) / items * 1e6)
    found.server.add(contender.name, (after.server - before.server) / items * 1e6)
    found.kept.add(contender.name, (after.kept - before.kept) / items)


@dataclass(frozen=True, slots=True)
class _Spent:
    """Processor seconds of the worker and of the servers, and bytes on disk."""

    worker: float
    server: float
    kept: int

    @classmethod
    def of(cls, around: Surroundings, contender: Contender) -> Self:
        """Up to now."""
        return cls(
            worker=cpu_seconds(contender.worker_pids()),
            server=cpu_seconds(around.server_pids()),
            kept=kafka_bytes(around.kafka_home, contender.prefix) + around.redis.bytes_on_disk(),
        )
