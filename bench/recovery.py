"""Recovery: how long front door and worker need for a million rows after their disk was lost.

Jobs that have ended are written straight to the changelogs, as many as asked for. Then a front
door and workers start with empty disks; a second worker keeps a warm copy and takes over.

    python bench/recovery.py [--items 1000000]
"""

import argparse
import asyncio
import json
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaProducer

from enrich_stream import clock, job
from enrich_stream.broker.choose import start_broker
from enrich_stream.partitions import partition_of
from enrich_stream.person import Field, Outcome
from enrich_stream.records import VERSION, Job, JobItem, SettledItem, encode, raw
from enrich_stream.stack import Process, Stack, free_port, wait_for, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import Topic, load_topics

BATCH = 100
TOPICS = load_topics()
LONGEST_SECONDS = 600.0
NEARLY = 0.99
"""The engine writes the rows of a warm copy in batches of a thousand for each table."""

Row = tuple[Topic, str, bytes]


def main() -> None:
    """Fill the changelogs, recover, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=1_000_000)
    jobs = options.parse_args().items // BATCH
    with (
        tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home,
        start_broker() as kafka,
    ):
        asyncio.run(apply_topics(kafka.bootstrap_servers, TOPICS))
        asyncio.run(_fill(kafka.bootstrap_servers, jobs))
        rows = jobs * (BATCH + 1)
        print(f"{rows:,} rows of {jobs:,} jobs in the changelogs")
        with Stack(Path(home), kafka.bootstrap_servers, {"ENRICH_STANDBY_REPLICAS": "1"}) as stack:
            _front_door(stack, rows)
            _worker_and_handover(stack, rows)


def _front_door(stack: Stack, rows: int) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    started = time.perf_counter()
    door = stack.start_api(port=port)
    wait_until_ready(door, url, LONGEST_SECONDS)
    ready = time.perf_counter() - started
    items = len(json.loads(_get(f"{url}/api/enrichments/op_0"))["result"]["items"])
    first = time.perf_counter() - started
    reading = door.metric("enrich_standby_recovery_seconds")
    print(f"front door: ready {ready:.1f} s after its start")
    print(f"front door: first answer, a job of {items} items, after {first:.1f} s")
    print(f"front door: {rows / reading:,.0f} rows/s while reading back")
    print(f"front door: {_use(door, rows)}")
    door.stop()


def _worker_and_handover(stack: Stack, rows: int) -> None:
    first, seconds = _until_ready(stack, "worker-1")
    reading = first.metric("enrich_recovery_seconds_sum")
    print(f"worker: ready {seconds:.1f} s after its start")
    print(f"worker: {rows / reading:,.0f} rows/s while reading back")
    print(f"worker: {_use(first, rows)}")
    second, _ = _until_ready(stack, "worker-2")
    wait_for(lambda: _rows(second) >= rows * NEARLY, second, LONGEST_SECONDS)
    print(f"second worker: all {rows:,} rows in its tables, half of them as a warm copy")
    before = _rows(second)
    started = time.perf_counter()
    first.stop()
    wait_for(lambda: _is_alone(second), second, LONGEST_SECONDS)
    print(
        f"hand-over of the other half: {time.perf_counter() - started:.1f} s from SIGTERM to work,"
        f" {_rows(second) - before:,.0f} rows read back"
    )


def _use(process: Process, rows: int) -> str:
    """What does not depend on who else uses the machine; the start of the process included."""
    seconds = process.metric("process_cpu_seconds_total")
    return f"{rows / seconds:,.0f} rows per CPU second, {process.resident_mib:.0f} MiB resident"


def _until_ready(stack: Stack, name: str) -> tuple[Process, float]:
    started = time.perf_counter()
    worker = stack.start_worker(name)
    wait_until_ready(worker, worker.monitoring_url, LONGEST_SECONDS)
    return worker, time.perf_counter() - started


def _is_alone(worker: Process) -> bool:
    try:
        ready = json.loads(_get(f"{worker.monitoring_url}/health/ready"))
    except OSError:
        return False
    # Of the topics that are consumed and the three changelogs.
    return bool(ready["partitions"] == (len(TOPICS.consumed) + 3) * TOPICS.requests.partitions)


def _rows(worker: Process) -> float:
    return worker.metric("enrich_rows_recovered_total")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own loopback address
        return str(answer.read().decode())


async def _fill(bootstrap_servers: str, jobs: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        pending: defaultdict[tuple[str, int], list[tuple[bytes, bytes]]] = defaultdict(list)
        for number in range(jobs):
            for topic, key, value in _rows_of(f"op_{number}"):
                # An item lies on the partition of its job.
                place = topic.name, partition_of(key.partition("/")[0], topic.partitions)
                pending[place].append((key.encode(), value))
            if number % 1_000 == 0:
                await _send(producer, pending)
        await _send(producer, pending)


async def _send(
    producer: AIOKafkaProducer, pending: dict[tuple[str, int], list[tuple[bytes, bytes]]]
) -> None:
    deliveries = []
    for (topic, partition), rows in pending.items():
        batch = producer.create_batch()
        for key, value in rows:
            if batch.append(key=key, value=value, timestamp=None) is None:
                deliveries.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        deliveries.append(await producer.send_batch(batch, topic, partition=partition))
    pending.clear()
    await asyncio.gather(*deliveries)


def _rows_of(job_id: str) -> Iterator[Row]:
    accepted = Job(
        id=job_id,
        organisation="default",
        kind="batch",
        total=BATCH,
        fields=(Field.EMAIL, Field.PHONE),
        accepted_at=clock.now(),
        request_id="3ec8282f-fe3a-46b3-8727-9a132f418948",
    )
    items = [_item(job_id, index) for index in range(BATCH)]
    for item in items:
        key = job.item_key(job_id, item.index)
        yield TOPICS.job_items_changelog, key, encode(JobItem(version=VERSION, item=item))
    opened = job.dispatch(job.open_job(accepted, clock.now()), clock.now())
    yield TOPICS.jobs_changelog, job_id, encode(job.settle(opened, items, clock.now()))


def _item(job_id: str, index: int) -> SettledItem:
    email = f"{job_id}.{index}@northwind.example"
    evidence = {
        "value": email,
        "provider": "directory",
        "verified": True,
        "verification": "operator",
    }
    field = {"outcome": "found", "values": [evidence], "as_of": clock.now()}
    return SettledItem(
        index=index,
        outcome=Outcome.FOUND,
        answer=raw(
            {
                "identifier": {"linkedin_url": f"https://www.linkedin.com/in/{job_id}-{index}"},
                "status": "success",
                "data": {"contact": {"email": [email], "phone": ["+442079460190"]}},
            }
        ),
        evidence=raw({"fields": {"contact.email": field, "contact.phone": field}, "trail": []}),
    )


if __name__ == "__main__":
    main()
