"""``enrich-stream demo``: the main job from nothing, on invented people, leaving nothing behind."""

import asyncio
import json
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.table import Table

from enrich_stream.broker.choose import start_broker
from enrich_stream.cli.dev_key import Credentials, new_key
from enrich_stream.cli.running import errors_as_one_line
from enrich_stream.cli.submit_display import print_summary, show_progress
from enrich_stream.errors import SetupError
from enrich_stream.settings import load_settings
from enrich_stream.stack import Stack, free_port, interruptible, wait_until_ready
from enrich_stream.submit import Submission, submit_file
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import Topics, topics_for

EXAMPLES = Path(__file__).parents[2] / "examples"
MIRA = {"linkedin_url": "https://www.linkedin.com/in/mira-okafor"}
PATIENCE_SECONDS = 90.0
ROWS_SHOWN = 10
CONTACTS_SHOWN = 3
_LOOK_SECONDS = 0.3


def demo() -> None:
    """Start everything, enrich the example people in three ways, show the results, stop."""
    console = Console(highlight=False)
    with errors_as_one_line(), interruptible():
        if not EXAMPLES.is_dir():
            raise SetupError(f"the demo needs the example files of the repository at {EXAMPLES}")
        with tempfile.TemporaryDirectory(prefix="enrich-stream-demo-") as home:
            _run(console, Path(home))
    console.print("\nEverything is stopped and nothing is left behind.")


@dataclass(frozen=True, slots=True)
class _Door:
    url: str
    key: Credentials

    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask("", json.dumps(body).encode())

    def poll_until_done(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            operation = self._ask(f"/{job_id}")
            if operation["status"] not in {"queued", "processing"}:
                return operation
            time.sleep(_LOOK_SECONDS)
        raise SetupError(f"job {job_id} did not end within {PATIENCE_SECONDS:.0f} seconds")

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = self.key.headers() | {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self.url}/api/enrichments{path}", data=body, headers=headers
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - the same
            content: dict[str, Any] = json.load(answer)
            return content


def _run(console: Console, home: Path) -> None:
    topics = topics_for(load_settings())
    _headline(console, "Starting Kafka, the topics, a front door and two workers")
    with start_broker(say=console.print) as broker:
        asyncio.run(apply_topics(broker.bootstrap_servers, topics))
        # It expires, for on a cluster that is not ours it stays behind.
        key = asyncio.run(new_key(broker.bootstrap_servers, topics.access_keys, "demo", hours=1))
        environ = {"ENRICH_DIRECTORY_FILE": str(EXAMPLES / "people.jsonl")}
        with Stack(home, broker.bootstrap_servers, environ) as stack:
            url = f"http://127.0.0.1:{(port := free_port(8000))}"
            front_door = stack.start_api(port=port)
            stack.start_worker("worker-1")
            stack.start_worker("worker-2")
            wait_until_ready(front_door, url)
            console.print(f"The front door is at {url}")
            door = _Door(url, key)
            _one_person(console, door)
            _a_batch(console, door)
            _a_file(console, door, home)
            asyncio.run(_show_contacts(console, broker.bootstrap_servers, topics))


def _one_person(console: Console, door: _Door) -> None:
    _headline(console, "One person, answered at once")
    body = {"identifier": MIRA, "fields": ["contact.email", "contact.phone"]}
    console.print(f"POST /api/enrichments  {json.dumps(body)}", soft_wrap=True)
    answer = door.post(body)
    if "data" not in answer:
        # The workers were still starting; what took too long has become an operation.
        answer = door.poll_until_done(answer["id"])
    console.print_json(data=answer)


def _a_batch(console: Console, door: _Door) -> None:
    _headline(console, "A batch of 100, some of them unknown to anybody")
    accepted = door.post(json.loads((EXAMPLES / "batch.json").read_text(encoding="utf-8")))
    console.print_json(data=accepted)
    done = door.poll_until_done(accepted["id"])
    items = done["result"]["items"]
    found = sum(item["status"] == "success" for item in items)
    console.print(f"{done['status']}: {found} of {len(items)} found. The first {ROWS_SHOWN}:")
    table = Table("asked by", "status", "e-mails", "phones")
    for item in items[:ROWS_SHOWN]:
        contact = item.get("data", {}).get("contact", {})
        (name,) = item["identifier"].values()
        status = item["status"] if "data" in item else item["error"]["message"]
        table.add_row(name, status, _lines(contact.get("email")), _lines(contact.get("phone")))
    console.print(table)


def _a_file(console: Console, door: _Door, home: Path) -> None:
    _headline(console, "A file of 1,000 people, as `enrich-stream submit` does it")
    output = home / "enriched.csv"
    submission = Submission(
        source=EXAMPLES / "people-to-enrich.csv",
        output=output,
        url=door.url,
        access_key=door.key.access_key,
        secret_key=door.key.secret_key,
    )
    with show_progress(console) as watch:
        summary = asyncio.run(submit_file(submission, watch))
    print_summary(console, summary)
    console.print("The first lines of the enriched file:")
    with output.open(encoding="utf-8") as lines:
        for _ in range(CONTACTS_SHOWN):
            console.print(f"  {next(lines).rstrip()}", soft_wrap=True, markup=False)


async def _show_contacts(console: Console, bootstrap_servers: str, topics: Topics) -> None:
    _headline(console, f"The first records of the topic {topics.contacts.name}")
    consumer = AIOKafkaConsumer(
        topics.contacts.name, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(CONTACTS_SHOWN):
                record = await consumer.getone()
                console.print(f"{record.key.decode()}", soft_wrap=True, markup=False)
                console.print_json(record.value.decode(), indent=None)
    finally:
        await consumer.stop()


def _headline(console: Console, text: str) -> None:
    console.print(f"\n[bold]── {text}[/bold]")


def _lines(values: list[str] | None) -> str:
    return "\n".join(values or [])
