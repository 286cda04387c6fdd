"""What a front door counts and logs."""

import asyncio
from datetime import timedelta

import structlog
from front_door import TOPICS, MemoryConsumer, MemoryKafka, front_door
from prometheus_client import REGISTRY
from test_post import BATCH

from api import standby_lag
from api.job_store import JobStore
from api.standby import Standby
from api.standby_lag import StandbyLag
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_an_accepted_job_is_counted_and_logged_with_its_ids(tmp_path):
    """One line with job id and request id, and nothing of the persons; none when Kafka is away."""
    kafka = MemoryKafka()
    jobs = value("enrich_jobs_accepted_total", lane="batch")
    items = value("enrich_items_accepted_total", lane="batch")
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        async with front_door(tmp_path, kafka) as http:
            accepted = await http.post("/api/enrichments", json=BATCH)
            kafka.is_up = False
            assert (await http.post("/api/enrichments", json=BATCH)).status_code == 503

    assert value("enrich_jobs_accepted_total", lane="batch") == jobs + 1
    assert value("enrich_items_accepted_total", lane="batch") == items + 2
    (line,) = [entry for entry in logs if entry["event"] == "job.accepted"]
    assert line["job_id"] == accepted.json()["id"]
    assert line["request_id"] == accepted.headers["x-request-id"]
    assert "mira" not in str(logs)


async def test_a_write_that_failed_is_logged_with_the_job_it_was_for(tmp_path):
    """Whoever asks about a 503 finds it by its request id, and the job id it would have had."""
    kafka = MemoryKafka()
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        async with front_door(tmp_path, kafka) as http:
            kafka.is_up = False
            refused = await http.post("/api/enrichments", json=BATCH)

    (line,) = [entry for entry in logs if entry["event"] == "publish.failed"]
    assert line["request_id"] == refused.headers["x-request-id"]
    assert line["job_id"].startswith("op_")


async def test_requests_are_counted_by_route_and_never_by_path(tmp_path):
    """What nobody serves is one series, however many paths are tried."""
    unknown = {"route": "none", "method": "GET", "status": "404"}
    missing = {"route": "one_job", "method": "GET", "status": "404"}
    before = [value("enrich_http_requests_total", **labels) for labels in (unknown, missing)]
    async with front_door(tmp_path, MemoryKafka()) as http:
        for path in ("/nobody", "/mira@northwind.example", "/api/enrichments/op_1"):
            await http.get(path)
        await http.request("MIRA", "/nobody")

    after = [value("enrich_http_requests_total", **labels) for labels in (unknown, missing)]
    assert [after[0] - before[0], after[1] - before[1]] == [2, 1]
    assert value("enrich_http_requests_total", route="none", method="other", status="404")


async def test_the_lag_grows_while_nothing_is_read_and_ends_with_it(tmp_path, monkeypatch):
    """Records and seconds behind Kafka, while it delivers nothing; none once it has."""
    monkeypatch.setattr(standby_lag, "PAUSE_SECONDS", 0.01)
    kafka = MemoryKafka()
    settings = Settings(data_dir=tmp_path)
    store = JobStore(tmp_path / "standby", RocksMemory(settings).options(), timedelta(days=7))
    standby = Standby(MemoryConsumer(kafka), TOPICS, store)
    await standby.start()
    measuring = asyncio.create_task(StandbyLag(standby).measure_for_ever())
    try:
        await until(lambda: value("enrich_standby_recovery_seconds"))
        kafka.delivers = False
        kafka.append(TOPICS.jobs_changelog, b"op_1", None)
        await until(lambda: value("enrich_standby_lag_records") == 1)
        await until(lambda: value("enrich_standby_lag_seconds") > 0.1)

        kafka.delivers = True
        await until(lambda: value("enrich_standby_lag_records") == 0)
        await until(lambda: value("enrich_standby_lag_seconds") < 0.1)
    finally:
        measuring.cancel()
        await standby.stop()


async def until(condition, seconds=10):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a gauge offers no event to wait for
            await asyncio.sleep(0.005)
