"""Finished jobs of 100 items read per second, beside the same bytes from a dictionary in memory."""

import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bench.http_load import at_rate, fetch, get, saturate
from bench.peers.enrich_stream import EnrichStream
from bench.people import BATCH
from bench.processes import cpu_seconds, resident_mib, running, until
from bench.series import Series, percentile
from bench.surroundings import Surroundings, listens
from enrich_stream.stack import free_port

OURS, BARE = "enrich-stream", "bare Starlette, from memory"
SAMPLE = 2_000
"""Jobs that are asked for, drawn from all that are stored: twice what a front door has at hand."""


async def measure_gets(
    around: Surroundings, ours: EnrichStream, job_ids: Sequence[str], rounds: int, seconds: float
) -> list[Series]:
    """A front door with stored jobs, and the bare one, in turns.

    Args:
        around: What is shared.
        ours: An installation whose changelogs hold the jobs.
        job_ids: Of all jobs.
        rounds: Of each.
        seconds: Of a round.
    """
    rate = Series(f"GET/s, {len(job_ids) * BATCH:,} items stored", "one process")
    cost, memory = Series("CPU of a GET", "µs"), Series("memory", "MiB")
    tail = Series("p99 at half of that", "ms", 1)
    our_port, port = ours.open_door(), free_port()
    draw = random.Random(7)  # noqa: S311 - the same jobs in every run, no secret
    sample = draw.sample(job_ids, min(SAMPLE, len(job_ids)))
    answers = around.home / "answers.json"
    _write(answers, await _answers(our_port, sample))
    command = [sys.executable, "-m", "bench.bare", "get", str(port), str(answers)]
    with running(command, around.home / "logs" / "bare-get.log") as bare:
        until(lambda: listens(port), bare, "bare Starlette")
        servers = {OURS: (our_port, ours.door_pid()), BARE: (port, bare.pid)}
        requests = _drawn(draw, sample)
        for server_port, _ in servers.values():
            await saturate(server_port, requests, 1.0)
        for _ in range(rounds):
            for name, (server_port, pid) in servers.items():
                used = cpu_seconds([pid])
                load = await saturate(server_port, requests, seconds)
                rate.add(name, load.rate)
                cost.add(name, (cpu_seconds([pid]) - used) / len(load.latencies) * 1e6)
        for _ in range(rounds):
            for name, (server_port, _) in servers.items():
                steady = await at_rate(server_port, requests, rate.median(name) / 2, seconds)
                tail.add(name, percentile(steady.latencies, 0.99) * 1000)
        for name, (_, pid) in servers.items():
            memory.add(name, resident_mib([pid]))
    return [rate, cost, tail, memory]


async def _answers(port: int, job_ids: Sequence[str]) -> dict[str, str]:
    bodies = {
        job_id: (await fetch(port, get(f"/api/enrichments/{job_id}"))).decode()
        for job_id in job_ids
    }
    for job_id, body in bodies.items():
        if len(msgspec.json.decode(body)["result"]["items"]) != BATCH:
            raise RuntimeError(f"{job_id} has lost items")
    return bodies


def _write(path: Path, bodies: dict[str, str]) -> None:
    path.write_bytes(msgspec.json.encode(bodies))


def _drawn(draw: random.Random, job_ids: Sequence[str]) -> Iterator[bytes]:
    requests = [get(f"/api/enrichments/{job_id}") for job_id in job_ids]
    while True:
        yield draw.choice(requests)
