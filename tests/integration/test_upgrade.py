"""A rolling upgrade: two versions of the records in one installation, worker by worker."""

import json
import shutil
from pathlib import Path

import pytest
from service import TOPICS, emails

ROOT = Path(__file__).parents[2]
ADDED = (
    '    added_later: list[str] = msgspec.field(default_factory=lambda: ["of the next version"])\n'
)
PARTS = ("Job", "Item", "SettledItem", "JobHeader")
NAMES = [f"person-{n}" for n in range(40)]

pytestmark = pytest.mark.slow


@pytest.fixture
def next_version(tmp_path):
    """The environment of a process that runs the next version: each record has a member more."""
    home = tmp_path / "next-version"
    for package in ("enrich_stream", "api"):
        shutil.copytree(ROOT / package, home / package)
    shutil.copy(ROOT / "topics.yaml", home)
    records = home / "enrich_stream" / "records.py"
    text = records.read_text()
    for part in PARTS:
        head, _, body = text.partition(f"class {part}(")
        doc, end, rest = body.partition('"""\n\n')
        assert end, part
        text = f"{head}class {part}({doc}{end}{ADDED}{rest}"
    records.write_text(text)
    return {"PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}


def test_old_and_new_workers_work_on_the_same_jobs_and_lose_nothing_of_the_new_records(
    service, next_version
):
    """What only the next version knows travels through workers of this one, to the last row."""
    service.workers(1)
    old, new = service.front_door("api-1"), service.front_door("api-2", environ=next_version)
    jobs = {door.submit(NAMES): door for door in (old, new)}
    service.stack.start_worker("worker-2", next_version)
    service.wait_for_workers(2)
    jobs |= {door.submit(NAMES): door for door in (old, new)}
    for job in jobs:
        for door in (old, new):
            assert emails(door.result(job)) == [[f"{name}@x.example"] for name in NAMES]

    for job, door in jobs.items():
        headers = [
            json.loads(r.value)
            for r in service.records(TOPICS.jobs_changelog)
            if r.key == job.encode()
        ]
        assert all(("added_later" in header["job"]) == (door is new) for header in headers)
        tasks = [
            json.loads(r.value) for r in service.records(TOPICS.tasks) if r.key == job.encode()
        ]
        items = [item for task in tasks for item in task["items"]]
        assert all(("added_later" in item) == (door is new) for item in items)
        assert len(items) >= len(NAMES)
