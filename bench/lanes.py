"""Lanes: what a synchronous request waits while batches queue for a slow endpoint, and when idle.

Both are measured in one run, so that their ratio says something on any machine. Then another
organisation sends one batch while the first one's are still waiting.

    python bench/lanes.py [--items 1000000] [--requests 300] [--workers 1] [--at-once 40]
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from enrich_stream import clock, job
from enrich_stream.broker.choose import start_broker
from enrich_stream.partitions import partition_of
from enrich_stream.person import Field
from enrich_stream.records import (
    VERSION,
    EnrichmentRequested,
    Item,
    Job,
    JobHeader,
    decode,
    encode,
)
from enrich_stream.stack import Stack, free_port, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics

BATCH = 100
MILLISECONDS = 50
TOPICS = load_topics()
AT_ONCE = 16


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=1_000_000)
    options.add_argument("--requests", type=int, default=300)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--at-once", type=int, default=40, help="persons of batches in a worker")
    chosen = options.parse_args()
    jobs = chosen.items // BATCH
    with (
        tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home,
        start_broker() as kafka,
        _endpoint() as endpoint,
    ):
        asyncio.run(apply_topics(kafka.bootstrap_servers, TOPICS))
        environ = {
            "ENRICH_ENDPOINT_URL": endpoint,
            "ENRICH_ENDPOINT_CONCURRENCY": str(chosen.at_once + 50),
            "ENRICH_ITEM_CONCURRENCY": str(chosen.at_once),
            "ENRICH_ITEM_DEADLINE_SECONDS": "3600",
            "ENRICH_MAX_OPEN_JOBS": str(jobs + 1_000),
            "ENRICH_ORGANISATION_OPEN_JOBS": str(jobs + 1_000),
            "ENRICH_WAITING_JOBS": str(jobs + 1_000),
        }
        with Stack(Path(home), kafka.bootstrap_servers, environ) as stack:
            url = f"http://127.0.0.1:{(port := free_port())}"
            for number in range(chosen.workers):
                worker = stack.start_worker(f"worker-{number + 1}")
                wait_until_ready(worker, worker.monitoring_url)
            wait_until_ready(stack.start_api(port=port), url)
            asyncio.run(_measure(url, kafka.bootstrap_servers, chosen.requests, jobs))


@contextmanager
def _endpoint() -> Iterator[str]:
    port = free_port()
    script = Path(__file__).with_name("slow_endpoint.py")
    with subprocess.Popen([sys.executable, str(script), str(port), str(MILLISECONDS)]) as process:
        try:
            yield f"http://127.0.0.1:{port}/people"
        finally:
            process.terminate()


async def _measure(url: str, servers: str, requests: int, jobs: int) -> None:
    async with aiohttp.ClientSession(url) as http:
        await _ask(http, requests, "warm-up")
        idle = await _ask(http, requests, "idle")
        _print("idle", idle)
        alone = await _batch_of_another(servers, "alone")
        print(f"a batch of {BATCH} of another organisation, idle: {alone:.2f} s")
        await _submit(http, jobs)
        busy = await _ask(http, requests, "busy")
        _print(f"with {jobs * BATCH:,} items of batches sent", busy)
        print(f"p50 x {_p(busy, 50) / _p(idle, 50):.2f}, p99 x {_p(busy, 99) / _p(idle, 99):.2f}")
        beside = await _batch_of_another(servers, "beside")
        print(f"a batch of {BATCH} of another organisation, beside them: {beside:.2f} s")


async def _ask(http: aiohttp.ClientSession, requests: int, run: str) -> list[float]:
    """Synchronous requests one after the other, each about another person; sorted seconds."""
    times = []
    for number in range(requests):
        body = {"identifier": {"linkedin_url": f"in/{run}-{number}"}, "fields": ["contact.email"]}
        started = time.perf_counter()
        async with http.post("/api/enrichments", json=body) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"HTTP {answer.status} instead of 200")
        times.append(time.perf_counter() - started)
    return sorted(times)


async def _submit(http: aiohttp.ClientSession, jobs: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    started = time.perf_counter()

    async def one(number: int) -> None:
        names = [{"linkedin_url": f"in/batch-{number}-{n}"} for n in range(BATCH)]
        body = {"identifiers": names, "fields": ["contact.email"]}
        async with slots, http.post("/api/enrichments", json=body) as answer:
            if answer.status != 202:
                raise RuntimeError(f"HTTP {answer.status} instead of 202")

    await asyncio.gather(*(one(number) for number in range(jobs)))
    print(f"{jobs} batches of {BATCH} accepted in {time.perf_counter() - started:.1f} s")


async def _batch_of_another(servers: str, run: str) -> float:
    """Seconds from the request's record to the end of its job; past the front door, as another."""
    job_id = f"op_{run}"
    accepted = Job(
        id=job_id,
        organisation="another",
        kind="batch",
        total=BATCH,
        fields=(Field.EMAIL,),
        accepted_at=clock.now(),
        request_id=run,
    )
    names = [f"another-{run}-{n}" for n in range(BATCH)]
    items = tuple(
        Item(index=n, given={"linkedin_url": name}, identifier=f"linkedin_url:{name}")
        for n, name in enumerate(names)
    )
    request = EnrichmentRequested(version=VERSION, job=accepted, items=items)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        started = time.perf_counter()
        await producer.send_and_wait(TOPICS.requests.name, encode(request), job_id.encode())
        await _until_complete(servers, job_id)
    return time.perf_counter() - started


async def _until_complete(servers: str, job_id: str) -> None:
    changelog = TOPICS.jobs_changelog
    place = TopicPartition(changelog.name, partition_of(job_id, changelog.partitions))
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, 0)
        async for record in consumer:
            if record.key == job_id.encode() and job.is_complete(decode(record.value, JobHeader)):
                return
    finally:
        await consumer.stop()


def _print(what: str, times: list[float]) -> None:
    p50, p99 = statistics.median(times) * 1000, _p(times, 99) * 1000
    print(
        f"synchronous answer, {what}: p50 {p50:.1f} ms, p99 {p99:.1f} ms (of them {MILLISECONDS} ms"
        " the endpoint's)"
    )


def _p(times: list[float], percent: int) -> float:
    return times[min(len(times) - 1, len(times) * percent // 100)]


if __name__ == "__main__":
    main()
