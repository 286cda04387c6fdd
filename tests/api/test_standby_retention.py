"""What is past its time leaves the front door's copy."""

from datetime import datetime, timedelta

import pytest
from samples import AT, a_job, a_request, settled

from api.change import Change
from api.job_store import JobStore
from api.standby_retention import JOBS_AT_ONCE, StandbyRetention
from enrich_stream import clock, job
from enrich_stream.records import VERSION, JobItem, Lane, encode
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A copy whose clock stands at the acceptance of its jobs."""
    at(monkeypatch, days=0)
    settings = Settings(data_dir=tmp_path)
    options = RocksMemory(settings).options()
    store = JobStore(tmp_path / "standby", options, timedelta(days=settings.retention_days))
    store.sweep = StandbyRetention(store, settings).sweep
    yield store
    store.close()


def at(monkeypatch, **after):
    moment = datetime.fromisoformat(AT) + timedelta(**after)
    monkeypatch.setattr(clock, "present", lambda: moment)


def accept(store, job_id):
    request = Change(job_id.encode(), encode(a_request(2, job_id=job_id)))
    store.apply(requests=[request])


def open_job(store, job_id):
    header = job.open_job(a_job(2, job_id=job_id), AT)
    item = encode(JobItem(version=VERSION, item=settled(1)))
    store.apply(
        headers=[Change(job_id.encode(), encode(header))],
        items=[Change(job.item_key(job_id, 1).encode(), item)],
    )


def rows(store):
    """How many there are, but for the counts of a day, which go with the day."""
    keys = (bytes(key) for key in store._db.keys())  # noqa: SIM118 - no dict
    return sum(not key.startswith(b"u/") for key in keys)


async def test_jobs_leave_with_all_their_rows_and_their_place_among_the_open(store, monkeypatch):
    """Also those that no worker ever took, and those whose deletion was missed."""
    empty = rows(store)
    for number in range(JOBS_AT_ONCE + 2):
        accept(store, f"op_{number:02}a")
        open_job(store, f"op_{number:02}b")
    assert store.open_jobs(Lane.BATCH) == 2 * (JOBS_AT_ONCE + 2)
    at(monkeypatch, days=7)

    await store.sweep()

    assert rows(store) == empty
    assert store.open_jobs(Lane.BATCH) == 0


async def test_jobs_within_their_time_stay(store, monkeypatch):
    """A second early is early."""
    accept(store, "op_1")
    open_job(store, "op_2")
    before = rows(store)
    at(monkeypatch, days=7, seconds=-1)

    await store.sweep()

    assert rows(store) == before
    assert store.view("op_1")
    assert store.view("op_2")
