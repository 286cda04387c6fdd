"""The standby's own copy of the jobs."""

from datetime import timedelta

import pytest
from front_door import TOPICS
from samples import a_job

from api.job_store import Change, JobStore
from enrich_stream.records import VERSION, EnrichmentRequested, Lane, encode
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings


@pytest.fixture
def store(tmp_path):
    options = RocksMemory(Settings(data_dir=tmp_path)).options()
    store = JobStore(tmp_path / "standby", options, timedelta(days=10_000))
    yield store
    store.close()


def test_a_copy_that_was_cleared_has_no_open_jobs(store):
    """Jobs of another life of the topics never end, and must not count against new ones."""
    request = encode(EnrichmentRequested(version=VERSION, job=a_job(1), items=()))
    offsets = {(TOPICS.requests.name, 0): 1}
    rest = {"headers": [], "items": [], "claims": [], "contacts": []}
    store.apply(requests=[Change(b"op_1", request)], offsets=offsets, **rest)
    assert store.open_jobs(Lane.BATCH) == 1

    store.clear()

    assert store.open_jobs(Lane.BATCH) == 0
    assert store.offsets() == {}
