"""What happens when parts of the service die."""

import shutil
import time

import pytest
from samples import AT, a_job
from service import TERMINAL, TOPICS, emails, until

from enrich_stream.job import open_job
from enrich_stream.records import encode

JOBS = 50
SESSION_SECONDS = 6  # as the fixture has it
SIZE = 100


def test_every_job_ends_right_when_a_worker_is_killed_in_the_middle(service):
    """Kill -9 of one of two workers during 50 batches: every job has its 100 right items."""
    _, victim = service.workers(2)
    door = service.front_door()
    names = [[f"person-{(17 * job + n) % 1000}" for n in range(SIZE)] for job in range(JOBS)]
    jobs = [door.submit(batch) for batch in names]

    until(lambda: any(door.poll(job)["progress"] for job in jobs), "work has begun")
    victim.kill()
    running = [job for job in jobs if door.poll(job)["status"] not in TERMINAL]

    assert running, "everything was done before the kill: the test has shown nothing"
    for job, batch in zip(jobs, names, strict=True):
        result = door.result(job)
        assert result["status"] == "succeeded"
        assert emails(result) == [[f"{name}@x.example"] for name in batch]


@pytest.mark.slow  # it is about seconds, and so about a machine that has some to spare
def test_after_a_kill_everything_is_served_again_within_the_session_and_five_seconds(service):
    """The other worker notices, takes the partitions over and has their tables whole by then."""
    _, victim = service.workers(2)
    door = service.front_door()
    names = [f"person-{n}" for n in range(SIZE)]
    door.result(door.submit(names))

    victim.kill()
    killed = time.monotonic()
    job_id = door.submit(names)

    assert door.result(job_id)["status"] == "succeeded"
    assert time.monotonic() - killed < SESSION_SECONDS + 5


def test_a_front_door_that_lost_its_disk_answers_every_old_job(service):
    """Kill -9 and an empty disk: the standby is rebuilt from Kafka before it says ready."""
    service.workers(1)
    door, other = service.front_door("api-1"), service.front_door("api-2")
    jobs = [door.submit([f"person-{n}", "nobody"]) for n in range(10)]
    before = {job: other.result(job) for job in jobs}

    door.process.kill()
    shutil.rmtree(door.process.data_dir)
    back = service.front_door("api-1", port=door.port)

    assert {job: back.poll(job) for job in jobs} == before


def test_a_worker_that_lost_its_disk_goes_on_with_the_jobs_it_had(service):
    """Kill -9 and an empty disk in the middle of jobs: the tables are rebuilt from Kafka."""
    (worker,) = service.workers(1)
    door = service.front_door()
    jobs = [door.submit([f"person-{n}" for n in range(SIZE)]) for _ in range(10)]
    until(lambda: any(door.poll(job)["progress"] for job in jobs), "work has begun")

    worker.kill()
    shutil.rmtree(worker.data_dir)
    service.stack.start_worker("worker-1")

    assert {door.result(job)["status"] for job in jobs} == {"succeeded"}


def test_a_worker_told_to_stop_finishes_and_leaves_at_once(service):
    """SIGTERM: exit code 0, and the other worker has all partitions without a session timeout."""
    staying, leaving = service.workers(2)
    door = service.front_door()
    job_id = door.submit([f"person-{n}" for n in range(SIZE)])

    assert leaving.stop() == 0

    service.wait_for_workers(1)
    assert door.result(job_id)["status"] == "succeeded"
    assert staying.is_running


def test_a_worker_can_be_stopped_while_kafka_is_down(service, kafka):
    """Without Kafka the engine would wait for ever; the grace period bounds it."""
    if not kafka.is_ours:
        pytest.skip("the cluster of KAFKA_BOOTSTRAP_SERVERS is not ours to stop")
    service.stack.environ["ENRICH_SHUTDOWN_GRACE_SECONDS"] = "2"
    (worker,) = service.workers(1)

    kafka.stop()
    try:
        worker.popen.terminate()
        until(lambda: not worker.is_running, "the worker has ended", seconds=20)
    finally:
        kafka.start()


def test_while_kafka_is_down_nothing_is_accepted_and_finished_jobs_are_shown(service, kafka):
    """POST answers 503 with Retry-After within 5 s, GET goes on; when Kafka is back all goes on."""
    if not kafka.is_ours:
        pytest.skip("the cluster of KAFKA_BOOTSTRAP_SERVERS is not ours to stop")
    service.workers(1)
    door = service.front_door()
    job_id = door.submit(["person-1"])
    result = door.result(job_id)

    kafka.stop()
    try:
        asked = time.monotonic()
        refused = door.post({"identifiers": [{"email": "a@x.example"}], "fields": ["profile"]})
        took = time.monotonic() - asked
        assert door.poll(job_id) == result
        ready = door.http.get("/health/ready")
    finally:
        kafka.start()

    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert took < 5
    assert ready.status_code == 503
    until(lambda: door.http.get("/health/ready").status_code == 200, "the front door is ready")
    assert emails(door.result(door.submit(["person-2"]))) == [["person-2@x.example"]]


def test_a_changelog_whose_last_record_nobody_is_shown_is_read_to_its_end(service):
    """A marker of somebody's transaction ends it: the engine would wait for a record behind it."""
    header, partition = encode(open_job(a_job(1, job_id="op_marked"), AT)), 3
    service.produce_in_transaction(TOPICS.jobs_changelog, b"op_marked", header, partition)
    try:
        service.stack.start_worker("worker-1")
        door = service.front_door()
        names = [f"person-{n}" for n in range(SIZE)]
        assert emails(door.result(door.submit(names))) == [[f"{name}@x.example"] for name in names]
    finally:
        service.produce(TOPICS.jobs_changelog, b"op_marked", None, partition)
