"""Retention: seconds for days. A steady load, and what lies in Kafka and on the disks over time.

Everything is kept for so many seconds, and Kafka's own clean-up is set to match. After a few of
those times the sizes must stay where they are.

    python bench/retention.py [--keep 60] [--times 8]
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import aiohttp
import yaml

from enrich_stream.broker.choose import start_broker
from enrich_stream.stack import Stack, free_port, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import default_path, load_topics

PEOPLE = Path(__file__).parents[1] / "examples" / "people.jsonl"
BATCH = 100
JOBS_A_SECOND = 2
DAY_SECONDS = 86_400


def main() -> None:
    """Load the service and print sizes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", type=int, default=60, help="seconds that a job is kept")
    options.add_argument("--times", type=int, default=8, help="how often that long it runs")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as name:
        home = Path(name)
        days = chosen.keep / DAY_SECONDS
        file = home / "topics.yaml"
        file.write_text(_topics(chosen.keep))
        environ = {
            "ENRICH_DIRECTORY_FILE": str(PEOPLE),
            "ENRICH_TOPICS_FILE": str(file),
            "ENRICH_RETENTION_DAYS": str(days),
            "ENRICH_REMEMBER_FOUND_DAYS": str(days),
            "ENRICH_REMEMBER_ABSENT_DAYS": str(days),
        }
        with start_broker(data_dir=home / "kafka") as kafka:
            topics = load_topics(file, retention_days=days)
            asyncio.run(apply_topics(kafka.bootstrap_servers, topics))
            with Stack(home, kafka.bootstrap_servers, environ) as stack:
                url = f"http://127.0.0.1:{(port := free_port())}"
                wait_until_ready(worker := stack.start_worker(), worker.monitoring_url)
                wait_until_ready(stack.start_api(port=port), url)
                asyncio.run(_run(url, chosen.keep, chosen.times, home / "kafka", stack))


def _topics(keep: int) -> str:
    """The declared topics, with changelogs that are cleaned up as often as jobs leave."""
    declared = yaml.safe_load(default_path().read_text())
    for topic in declared["topics"].values():
        topic["segment"] = f"{max(1, keep // 4)}s"
        if topic["cleanup_policy"] == "compact":
            topic["config"] = {
                "min.cleanable.dirty.ratio": 0.01,
                "max.compaction.lag.ms": keep * 1000,
                "delete.retention.ms": keep * 1000,
            }
        elif topic["retention"] != "job":
            topic["retention"] = f"{keep}s"
    return yaml.safe_dump(declared)


async def _run(url: str, keep: int, times: int, kafka: Path, stack: Stack) -> None:
    worker, door = stack.processes
    loading = asyncio.create_task(_load(url))
    started = time.monotonic()
    print("seconds  jobs accepted  rows expired   Kafka MiB  worker MiB  front door MiB")
    for _ in range(times * 2):
        await asyncio.sleep(keep / 2)
        print(
            f"{time.monotonic() - started:7.0f}"
            f"  {door.metric('enrich_jobs_accepted_total'):13,.0f}"
            f"  {worker.metric('enrich_rows_expired_total'):12,.0f}"
            f"  {_mib(kafka / 'data', 'enrich'):10.1f}"
            f"  {_mib(worker.data_dir):10.1f}  {_mib(door.data_dir):14.1f}",
            flush=True,
        )
    first_id = await _stop(loading)
    async with aiohttp.ClientSession(url) as http, http.get(f"/api/enrichments/{first_id}") as one:
        print(f"the first job is answered with {one.status}")


async def _stop(loading: "asyncio.Task[str]") -> str:
    loading.cancel()
    return await loading


async def _load(url: str) -> str:
    """Submit batches of other people each time; gives the first job's id when cancelled."""
    first, number = "", 0
    async with aiohttp.ClientSession(url) as http:
        try:
            while True:
                names = [{"linkedin_url": f"in/person-{number}-{n}"} for n in range(BATCH)]
                body = {"identifiers": names, "fields": ["contact.email", "contact.phone"]}
                async with http.post("/api/enrichments", json=body) as answer:
                    first = first or (await answer.json())["id"]
                number += 1
                await asyncio.sleep(1 / JOBS_A_SECOND)
        except asyncio.CancelledError:
            return first


def _mib(path: Path, beginning: str = "") -> float:
    """What lies below a directory, in directories whose names begin so."""
    total = 0
    for folder in (p for p in path.iterdir() if p.name.startswith(beginning)):
        for file in [folder, *folder.rglob("*")]:
            with contextlib.suppress(FileNotFoundError):  # it has just left
                total += file.stat().st_blocks * 512
    return total / 2**20


if __name__ == "__main__":
    main()
