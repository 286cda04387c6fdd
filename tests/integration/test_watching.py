"""What operators see of real processes."""

import httpx2
import pytest
from service import until


def page(process):
    """The samples of a process's metrics page, by name and labels as they stand there."""
    lines = httpx2.get(f"{process.monitoring_url}/metrics", timeout=10).text.splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def health(process):
    try:
        answer = httpx2.get(f"{process.monitoring_url}/health/ready", timeout=10)
    except httpx2.TransportError:
        return 0, {}
    return answer.status_code, answer.json()


def lag(process):
    """Of the topic of requests; None while nobody can tell."""
    return page(process).get('enrich_consumer_lag_records{topic="enrichment-requests"}')


def test_a_job_can_be_followed_through_the_metrics(service):
    """Accepted and waiting at the front door while no worker runs, then settled by one."""
    door = service.front_door()
    job_id = door.submit(["person-1", "person-2", "nobody"])

    until(lambda: lag(door.process) == 1, "the request waits for a worker")
    assert page(door.process)['enrich_jobs_accepted_total{lane="batch"}'] == 1
    assert page(door.process)['enrich_open_jobs{lane="batch"}'] >= 1

    worker = service.stack.start_worker()
    until(lambda: health(worker)[0] == 200, "the worker is ready")
    door.result(job_id)

    seen = page(worker)
    assert seen['enrich_items_settled_total{lane="batch",outcome="found"}'] == 2
    assert seen['enrich_items_settled_total{lane="batch",outcome="absent"}'] == 1
    assert seen['enrich_jobs_completed_total{lane="batch",status="partial_success"}'] == 1
    assert seen['enrich_provider_calls_total{outcome="absent",provider="directory"}'] == 1
    assert seen["enrich_rebalances_total"] >= 1
    assert seen["enrich_recovery_seconds_count"] >= 1
    assert seen["enrich_partitions_assigned"] == health(worker)[1]["partitions"] > 0
    until(lambda: lag(door.process) == 0, "the request is done")
    assert page(door.process)["enrich_standby_recovery_seconds"] > 0


def test_a_worker_says_when_kafka_is_away_and_when_it_is_back(service, kafka):
    """Not ready while Kafka is down, with the check that fails; ready again by itself."""
    if not kafka.is_ours:
        pytest.skip("the cluster of KAFKA_BOOTSTRAP_SERVERS is not ours to stop")
    (worker,) = service.workers(1)
    until(lambda: health(worker)[0] == 200, "the worker is ready")

    kafka.stop()
    try:
        until(lambda: health(worker)[0] == 503, "the worker is not ready")
        assert health(worker)[1]["checks"]["kafkaAnswers"] is False
        assert lag(worker) is None
    finally:
        kafka.start()

    until(lambda: health(worker)[0] == 200, "the worker is ready again")
