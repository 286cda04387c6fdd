"""The main job as it comes: one front door, one worker, people of the operator's own records.

Batches of 100 go in over HTTP and are waited for there, so many at a time; then single persons,
one after the other. What both processes hold in memory is told as it grows.

    python bench/main_job.py [--jobs 10000] [--singles 200] [--at-once 16]
"""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from enrich_stream.broker.choose import start_broker
from enrich_stream.stack import Process, Stack, free_port, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics

BATCH = 100
PEOPLE = Path(__file__).parents[1] / "examples" / "people.jsonl"
KINDS = ("linkedin_url", "x_handle", "github_username")
FIELDS = ["contact.email", "contact.phone"]
WAIT = {"Prefer": "wait=60"}
TOLD = 10
"""How often the memory is told."""
NO_LIMITS = {
    "ENRICH_DIRECTORY_FILE": str(PEOPLE),
    "ENRICH_LOG_LEVEL": "warning",
    "ENRICH_REQUESTS_PER_MINUTE": "0",
    "ENRICH_POLLS_PER_MINUTE": "0",
}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=10_000, help="batches of 100 persons")
    options.add_argument("--singles", type=int, default=200, help="persons asked for one by one")
    options.add_argument("--at-once", type=int, default=16, help="batches in hand")
    chosen = options.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home,
        start_broker() as kafka,
    ):
        asyncio.run(apply_topics(kafka.bootstrap_servers, load_topics()))
        with Stack(Path(home), kafka.bootstrap_servers, NO_LIMITS) as stack:
            port = free_port()
            worker, door = stack.start_worker("worker"), stack.start_api(port=port)
            wait_until_ready(worker, worker.monitoring_url)
            wait_until_ready(door, f"http://127.0.0.1:{port}")
            asyncio.run(_measure(f"http://127.0.0.1:{port}", worker, door, chosen))


async def _measure(url: str, worker: Process, door: Process, chosen: argparse.Namespace) -> None:
    async with aiohttp.ClientSession(f"{url}/") as http:
        await _batches(http, _some_batches(10), chosen.at_once)  # to warm up
        await _tell_singles(http, chosen.singles, "before")
        _tell_memory(worker, door, 0)
        portion, seconds = max(1, chosen.jobs // TOLD), 0.0
        for number in range(1, chosen.jobs // portion + 1):
            started = time.perf_counter()
            await _batches(http, _some_batches(portion), chosen.at_once)
            seconds += time.perf_counter() - started
            _tell_memory(worker, door, number * portion)
        items = chosen.jobs // portion * portion * BATCH
        print(
            f"{items:,} items, {items / seconds:,.0f} items/s with HTTP and Kafka on this machine"
        )
        await _tell_singles(http, chosen.singles, "after")


async def _batches(http: aiohttp.ClientSession, bodies: Iterator[bytes], at_once: int) -> None:
    async def keep_busy() -> None:
        for body in bodies:
            await _finished(http, body)

    await asyncio.gather(*(keep_busy() for _ in range(at_once)))


async def _finished(http: aiohttp.ClientSession, body: bytes) -> None:
    """Send a job and wait for it; anything but its end with every item is an error."""
    headers = {"Content-Type": "application/json", **WAIT}
    async with http.post("api/enrichments", data=body, headers=headers) as answer:
        answer.raise_for_status()
        job = await answer.json()
    while not job["result"]:
        async with http.get(f"api/enrichments/{job['id']}", headers=WAIT) as answer:
            answer.raise_for_status()
            job = await answer.json()
    if len(job["result"]["items"]) != BATCH:
        raise RuntimeError("a job ended without all of its items")


async def _tell_singles(http: aiohttp.ClientSession, count: int, when: str) -> None:
    persons = [p for p in itertools.islice(_persons(), 10 * count) if "linkedin_url" in p][:count]
    milliseconds = []
    for person in persons:
        started = time.perf_counter()
        order = {"identifier": person, "fields": FIELDS}
        async with http.post("api/enrichments", json=order) as answer:
            if answer.status != 200:
                raise RuntimeError(f"a single person was answered with {answer.status}")
            await answer.read()
        milliseconds.append(1000 * (time.perf_counter() - started))
    cuts = statistics.quantiles(milliseconds, n=100)
    print(f"single persons {when}: {len(persons)}, p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")


def _tell_memory(worker: Process, door: Process, jobs: int) -> None:
    print(
        f"{jobs:>6} jobs: worker {worker.resident_mib:.0f} MiB,"
        f" front door {door.resident_mib:.0f} MiB",
        flush=True,
    )


def _some_batches(count: int) -> Iterator[bytes]:
    for _ in range(count):
        persons = list(itertools.islice(_PERSONS, BATCH))
        yield json.dumps({"identifiers": persons, "fields": FIELDS}).encode()


def _persons() -> Iterator[dict[str, str]]:
    """Those on record, by whatever they can be asked for, again and again."""
    with PEOPLE.open() as file:
        records = [json.loads(line) for line in file]
    for place, record in enumerate(itertools.cycle(records)):
        names = [(kind, record[kind]) for kind in KINDS if kind in record]
        if names:
            yield dict([names[place % len(names)]])


_PERSONS = _persons()


if __name__ == "__main__":
    main()
