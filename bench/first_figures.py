"""First figures: items per second of one worker, time to a synchronous answer, resident memory.

Starts everything on this machine with the example records. Absolute times are of this machine
and this hour; compare runs only side by side.

    python bench/first_figures.py [--jobs 100] [--requests 200]
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp

from enrich_stream.broker.choose import start_broker
from enrich_stream.stack import Process, Stack, free_port, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics

PEOPLE = Path(__file__).parents[1] / "examples" / "people.jsonl"
FIELDS = ["contact.email", "contact.phone"]
BATCH = 100
IN_FLIGHT = 8
TERMINAL = {"succeeded", "partial_success", "failed"}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=100, help="batches of 100 to send")
    options.add_argument("--requests", type=int, default=200, help="synchronous requests to send")
    chosen = options.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home,
        start_broker() as kafka,
    ):
        asyncio.run(apply_topics(kafka.bootstrap_servers, load_topics()))
        environ = {"ENRICH_DIRECTORY_FILE": str(PEOPLE)}
        with Stack(Path(home), kafka.bootstrap_servers, environ) as stack:
            url = f"http://127.0.0.1:{(port := free_port())}"
            worker, door = stack.start_worker(), stack.start_api(port=port)
            wait_until_ready(door, url)
            asyncio.run(_measure(url, chosen.requests, chosen.jobs))
            _print_memory(worker, door)


async def _measure(url: str, requests: int, jobs: int) -> None:
    people = [json.loads(line)["linkedin_url"] for line in PEOPLE.read_text().splitlines()]
    async with aiohttp.ClientSession(url) as http:
        await _synchronous(http, people[0])  # waits until the worker has its partitions
        times = sorted([await _synchronous(http, name) for name in people[:requests]])
        p99 = times[int(len(times) * 0.99) - 1]
        print(
            f"synchronous answer, {requests} requests one after the other:"
            f" p50 {statistics.median(times) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms"
        )
        seconds = await _batches(http, people, jobs)
        print(
            f"{jobs} batches of {BATCH}, one worker: {jobs * BATCH} items in {seconds:.1f} s,"
            f" {jobs * BATCH / seconds:,.0f} items/s"
        )


async def _synchronous(http: aiohttp.ClientSession, linkedin_url: str) -> float:
    started = time.perf_counter()
    body = {"identifier": {"linkedin_url": linkedin_url}, "fields": FIELDS}
    async with http.post("/api/enrichments", json=body) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status} instead of 200")
    return time.perf_counter() - started


async def _batches(http: aiohttp.ClientSession, people: list[str], jobs: int) -> float:
    names = cycle(people)
    batches = [list(islice(names, BATCH)) for _ in range(min(jobs, 50))]
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def submit(number: int) -> str:
        body = {
            "identifiers": [{"linkedin_url": name} for name in batches[number % len(batches)]],
            "fields": FIELDS,
        }
        async with slots, http.post("/api/enrichments", json=body) as answer:
            accepted: dict[str, Any] = await answer.json()
            return str(accepted["id"])

    started = time.perf_counter()
    ids = await asyncio.gather(*(submit(number) for number in range(jobs)))
    # Jobs end roughly in order, so there is little to poll before the last one.
    for job_id in ids:
        await _until_ended(http, job_id)
    return time.perf_counter() - started


async def _until_ended(http: aiohttp.ClientSession, job_id: str) -> None:
    while True:
        async with http.get(f"/api/enrichments/{job_id}") as answer:
            operation = await answer.json()
        if operation["status"] in TERMINAL:
            if len(operation["result"]["items"]) != BATCH:
                raise RuntimeError(f"job {job_id} has lost items")
            return
        await asyncio.sleep(0.05)


def _print_memory(*processes: Process) -> None:
    for process in processes:
        status = Path(f"/proc/{process.popen.pid}/status")
        if not status.exists():
            return  # only Linux tells it here
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        resident, peak = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        print(f"{process.name}: {resident:.0f} MiB resident, {peak:.0f} MiB at its peak")


if __name__ == "__main__":
    main()
