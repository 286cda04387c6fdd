"""Seconds for days: what is past its time is gone everywhere."""

import asyncio

import pytest
import rocksdict
from service import until
from test_watching import page

from enrich_stream.settings import Settings
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import topics_for

SECONDS = 15
DAYS = str(SECONDS / 86_400)
PEOPLE = 30


@pytest.fixture
def topics(kafka, service, monkeypatch):
    """An installation of its own on the cluster, that keeps everything for seconds."""
    environ = {
        "KAFKA_TOPIC_PREFIX": "retention-",
        "ENRICH_RETENTION_DAYS": DAYS,
        "ENRICH_REMEMBER_FOUND_DAYS": DAYS,
        "ENRICH_REMEMBER_ABSENT_DAYS": DAYS,
    }
    service.stack.environ.update(environ)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    topics = topics_for(Settings())
    asyncio.run(apply_topics(kafka.bootstrap_servers, topics))
    return topics


def expired(worker, table):
    return page(worker).get(f'enrich_rows_expired_total{{table="{table}"}}', 0)


def rows(path):
    """The keys of a RocksDB, but those of offsets, its layout, and the counts of a day."""
    db = rocksdict.Rdict(str(path), access_type=rocksdict.AccessType.read_only())
    keys = [bytes(key) for key in db.keys()]  # noqa: SIM118 - no dict
    db.close()
    return [key for key in keys if not key.startswith((b"__faust", b"o/", b"layout", b"u/"))]


def live_keys(service, topic):
    """The keys of a changelog whose last record is no deletion."""
    last = {record.key: record.value for record in service.records(topic)}
    return [key for key, value in last.items() if value is not None]


def test_jobs_leave_kafka_workers_and_front_doors_after_their_retention(service, topics):
    """A job that was done and one that nobody took: 404, and no row of either is left anywhere."""
    worker = service.stack.start_worker()
    door = service.front_door()
    done = door.submit([f"person-{n}" for n in range(PEOPLE)])
    assert door.result(done)["status"] == "succeeded"

    until(lambda: expired(worker, "jobs") == 1, "the job is swept")
    until(lambda: expired(worker, "contacts") == PEOPLE, "the contacts are swept")
    assert expired(worker, "job_items") == PEOPLE
    assert door.http.get(f"/api/enrichments/{done}").status_code == 404
    worker.stop()

    never_taken = door.submit(["person-1"])
    assert door.poll(never_taken)["status"] == "queued"
    until(
        lambda: door.http.get(f"/api/enrichments/{never_taken}").status_code == 404,
        "the job that nobody took is past its time",
    )
    until(lambda: page(door.process)['enrich_open_jobs{lane="batch"}'] == 0, "nothing is open")
    door.process.stop()

    assert rows(door.process.data_dir / "standby") == []
    tables = list(worker.data_dir.glob("v*/tables/*.db"))
    assert len(tables) == 3 * topics.jobs_changelog.partitions
    assert [key for table in tables for key in rows(table)] == []
    for changelog in (topics.jobs_changelog, topics.job_items_changelog, topics.contacts_changelog):
        assert live_keys(service, changelog) == []
