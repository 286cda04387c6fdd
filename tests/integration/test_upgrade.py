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
EMAILS = [[f"{name}@x.example"] for name in NAMES]

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
    before = {door: door.submit(NAMES) for door in (old, new)}
    assert [emails(door.result(job)) for door, job in before.items()] == [EMAILS] * 2
    service.stack.start_worker("worker-2", next_version)
    service.wait_for_workers(2)
    beside = {door: door.submit(NAMES) for door in (old, new)}
    jobs = (*before.values(), *beside.values())
    assert [emails(d.result(j)) for d in (old, new) for j in jobs] == [EMAILS] * 8

    assert not any(map(is_of_next_version, parts_of(service, before[old])))
    for job in (before[new], beside[new]):
        # The old worker has passed on what it does not know; the new one adds it to every record.
        assert all(map(is_of_next_version, parts_of(service, job)))


def parts_of(service, job_id):
    """The job in each of its headers, and its items in each of its tasks."""
    yield from (header["job"] for header in values(service, TOPICS.jobs_changelog, job_id))
    items = [item for task in values(service, TOPICS.tasks, job_id) for item in task["items"]]
    assert len(items) >= len(NAMES)
    yield from items


def values(service, topic, job_id):
    return [json.loads(r.value) for r in service.records(topic) if r.key == job_id.encode()]


def is_of_next_version(part):
    return "added_later" in part
