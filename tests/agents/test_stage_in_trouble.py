"""What becomes of an event when Kafka or the disk fails, or when its record comes twice."""

import pytest
import structlog
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP
from recording import TOPICS, agent_under_test, everybody_waits, until
from samples import a_job, a_request, results_of, settled, tasks_of
from test_enrich_identifier import KEY, Provider, results
from test_stage import stage_of

from enrich_stream.errors import StorageError
from enrich_stream.records import encode


@pytest.fixture
def reasons(monkeypatch):
    """For what a worker has ended."""
    reasons = []

    async def crash(_, reason):
        reasons.append(reason)

    monkeypatch.setattr("enrich_stream.engine.Engine.crash", crash)
    return reasons


async def test_what_kafka_will_not_take_ends_the_worker_and_its_event_comes_again(
    tmp_path, reasons
):
    """It is neither acknowledged nor buried, and what the client quotes of it is not logged."""
    with structlog.testing.capture_logs() as logs:
        async with agent_under_test("enrich_identifier", tmp_path, Provider()) as agent:
            agent.producer.send_batch = refuse
            message = await agent.put(KEY, encode(tasks_of(1)))

            await until(lambda: reasons)
            await everybody_waits()
            assert isinstance(reasons[0], KafkaTimeoutError)
            assert not message.acked
    assert QUOTED not in str(logs)


async def test_a_disk_that_fails_ends_the_worker_and_its_event_comes_again(
    tmp_path, reasons, monkeypatch
):
    """The same for a row that cannot be read."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        monkeypatch.setattr(agent.table("jobs"), "get", fail)
        message = await agent.put(KEY, encode(results_of(a_job(1), settled(0))))

        await until(lambda: reasons)
        await everybody_waits()
        assert isinstance(reasons[0], StorageError)
        assert not message.acked
        assert agent.producer.on(TOPICS.dead_letters) == []


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("settle_job", encode(results_of(a_job(1), settled(0)))),
        ("enrich_identifier", encode(tasks_of(1))),
        ("split_request", encode(a_request(1))),
    ],
)
async def test_who_was_frozen_for_too_long_starts_over_before_it_writes(tmp_path, name, record):
    """Others have its partitions by then, and have written to their tables."""
    async with agent_under_test(name, tmp_path, Provider()) as agent:
        lease, sent_before = agent.app.lease, []
        lease._on_lost = lambda: sent_before.append(list(agent.producer.sent))
        lease._last_seen = lease._now() - 60

        await agent.handle(KEY, record)

        assert sent_before[0] == []


async def test_a_bug_puts_its_record_aside_and_the_stream_goes_on(tmp_path, monkeypatch):
    """With the kind of error as the reason; its text may quote the record."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        with monkeypatch.context() as broken:
            broken.setattr(agent.table("jobs"), "get", stumble)
            await agent.handle(KEY, encode(results_of(a_job(1), settled(0))))
        await agent.handle(b"op_2", encode(results_of(a_job(1, job_id="op_2"), settled(0))))

        (buried,) = agent.producer.on(TOPICS.dead_letters)
        assert dict(buried.headers)["dead-letter-reason"] == b"bug: ValueError"
        assert b"op_2" in agent.table("jobs")


async def test_a_record_that_is_read_twice_takes_no_commit_back(tmp_path):
    """What was done behind it is not begun again."""
    async with agent_under_test("enrich_identifier", tmp_path, Provider()) as agent:
        for person in range(3):
            await agent.handle(KEY, encode(tasks_of(1, first=person)))
        agent._agent.sent_offset = 0
        await agent.handle(KEY, encode(tasks_of(1)))

        done = await stage_of(agent).hand_back(seconds=5)

        assert len(results(agent)) == 4
        assert done == {TP(TOPICS.tasks.name, 0): 3}


QUOTED = "person-0@x.example"


async def refuse(*_, **__):
    raise KafkaTimeoutError(QUOTED)


def stumble(*_):
    raise ValueError(QUOTED)


def fail(*_):
    raise StorageError("the disk is full")
