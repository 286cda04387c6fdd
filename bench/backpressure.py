"""Back-pressure: batches come ten times faster than a slow endpoint can answer.

Prints now and then what was taken and refused, and the memory of worker and front door. What
RocksDB takes of it grows up to the bounds of ``ENRICH_ROCKSDB_…``, which takes half an hour unless
they are small; the rest must stay as it is. At the end every job that was accepted must be known
to the front door.

    python bench/backpressure.py [--seconds 600]
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import aiohttp

from enrich_stream.broker.choose import start_broker
from enrich_stream.stack import Process, Stack, free_port, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics

BATCH = 100
ANSWERS_A_SECOND = 50
TIMES_TOO_FAST = 10
OPEN_JOBS = 200
LINES = 20
ROCKSDB = "enrich_rocksdb_bytes"


def main() -> None:
    """Overload the service, and print what it does."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=600)
    seconds = options.parse_args().seconds
    with (
        tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home,
        start_broker() as kafka,
        subprocess.Popen(
            [
                sys.executable,
                Path(__file__).with_name("slow_endpoint.py"),
                str(port := free_port()),
                "1000",
            ]
        ) as endpoint,
    ):
        try:
            asyncio.run(apply_topics(kafka.bootstrap_servers, load_topics()))
            environ = {
                "ENRICH_ENDPOINT_URL": f"http://127.0.0.1:{port}/people",
                "ENRICH_ENDPOINT_CONCURRENCY": str(ANSWERS_A_SECOND),
                "ENRICH_ITEM_DEADLINE_SECONDS": "3600",
                "ENRICH_ORGANISATION_OPEN_JOBS": str(OPEN_JOBS),
            }
            with Stack(Path(home), kafka.bootstrap_servers, environ) as stack:
                url = f"http://127.0.0.1:{(door_port := free_port())}"
                worker, door = stack.start_worker(), stack.start_api(port=door_port)
                wait_until_ready(worker, worker.monitoring_url)
                wait_until_ready(door, url)
                asyncio.run(_overload(url, seconds, worker, door))
        finally:
            endpoint.terminate()


async def _overload(url: str, seconds: float, worker: Process, door: Process) -> None:
    seen: Counter[str] = Counter()
    ids: list[str] = []
    async with aiohttp.ClientSession(url) as http:
        started = time.monotonic()
        submitting = asyncio.create_task(_submit_for(http, seconds, seen, ids))
        print(
            "seconds  accepted  refused  settled items  worker MiB (RocksDB)  front door (RocksDB)"
        )
        while not submitting.done():
            await asyncio.sleep(seconds / LINES)
            settled = worker.metric("enrich_items_settled_total")
            refused = sum(n for status, n in seen.items() if status != "202")
            print(
                f"{time.monotonic() - started:7.0f}  {seen['202']:8}  {refused:7}  {settled:13.0f}"
                f"  {_memory(worker):>20}  {_memory(door):>20}"
            )
        await submitting
        print(f"answers by status: {dict(seen)}")
        lost = [job_id for job_id in ids if not await _is_known(http, job_id)]
        print(f"{len(ids)} jobs accepted, {len(lost)} of them unknown to the front door")


def _memory(process: Process) -> str:
    return f"{process.resident_mib:.0f} ({process.metric(ROCKSDB) / 2**20:.0f})"


async def _submit_for(
    http: aiohttp.ClientSession, seconds: float, seen: Counter[str], ids: list[str]
) -> None:
    deadline, number = time.monotonic() + seconds, 0
    pause = BATCH / (ANSWERS_A_SECOND * TIMES_TOO_FAST)
    while time.monotonic() < deadline:
        names = [{"linkedin_url": f"in/person-{number}-{n}"} for n in range(BATCH)]
        number += 1
        body = {"identifiers": names, "fields": ["contact.email"]}
        async with http.post("/api/enrichments", json=body) as answer:
            seen[str(answer.status)] += 1
            if answer.status == 202:
                ids.append((await answer.json())["id"])
        await asyncio.sleep(pause)


async def _is_known(http: aiohttp.ClientSession, job_id: str) -> bool:
    async with http.get(f"/api/enrichments/{job_id}") as answer:
        return answer.status == 200


if __name__ == "__main__":
    main()
