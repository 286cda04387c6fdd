"""What somebody waits for does not wait for anything that nobody waits for."""

import pytest
from recording import TOPICS, agent_under_test, everybody_waits, until
from samples import AT, a_cancellation, a_job, a_request, results_of, settled, tasks_of

from enrich_stream import job
from enrich_stream.person import Outcome
from enrich_stream.providers.base import Answer, everything
from enrich_stream.records import JobHeader, Lane, decode, encode

FIRST, KEY = b"op_0", b"op_1"
SYNC = {"lane": Lane.SYNC}


class KnowsNobody:
    """The outside world."""

    name, is_local, answers_at_once, answers = "outside", False, True, everything()

    def __init__(self):
        self.asked = set()

    async def start(self):
        """Nothing to open."""

    async def stop(self):
        """Nothing to close."""

    async def ask(self, question):
        self.asked.add(question.identifier.value)
        return Answer(findings={}, person_known=True)


@pytest.fixture
def endless_pause(monkeypatch):
    """Between two departures of what nobody waits for."""
    monkeypatch.setattr("enrich_stream.outbox.PAUSE_SECONDS", 3600)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("split_sync_request", lambda **job: a_request(1, **job)),
        ("enrich_sync_identifier", lambda **job: tasks_of(1, **job)),
        ("settle_job", lambda **job: results_of(a_job(1, **job), settled(0))),
        ("cancel_job", lambda **job: a_cancellation(1, **job)),
    ],
)
async def test_no_pause_holds_up_a_single_person(tmp_path, endless_pause, name, record):
    """Nor a cancellation: everything leaves at once, however little time ago the last did."""
    async with agent_under_test(name, tmp_path, KnowsNobody()) as agent:
        await agent.handle(FIRST, encode(record(job_id="op_0", **SYNC)))

        await agent.handle(KEY, encode(record(job_id="op_1", **SYNC)))


async def test_no_pause_holds_up_a_batch_that_has_more_persons_than_places(tmp_path, endless_pause):
    """A place is free again once what was found out is safe, and that is waited for."""
    outside = KnowsNobody()
    async with agent_under_test(
        "enrich_identifier", tmp_path, outside, item_concurrency=1
    ) as agent:
        await agent.put(KEY, encode(tasks_of(5)))

        await until(lambda: len(outside.asked) == 5)


async def test_the_first_row_of_a_job_that_waits_for_no_turn_says_that_its_task_is_out(tmp_path):
    """One row less on the way; the front door knows the job from its request."""
    async with agent_under_test("split_sync_request", tmp_path) as agent:
        await agent.handle(KEY, encode(a_request(1, **SYNC)))

        (row,) = agent.producer.on(TOPICS.jobs_changelog)
        assert decode(row.value, JobHeader).dispatched
        assert len(agent.producer.on(TOPICS.sync_tasks)) == 1


async def test_its_task_is_sent_again_when_it_was_not_delivered(tmp_path):
    """Without a row it is taken neither for dispatched nor for expired."""
    async with agent_under_test("split_sync_request", tmp_path) as agent:
        agent.producer.hold()
        message = await agent.put(KEY, encode(a_request(1, **SYNC)))
        await until(lambda: agent.producer.on(TOPICS.sync_tasks))
        await everybody_waits()
        assert not message.acked
        assert KEY not in agent.table("jobs")

    async with agent_under_test("split_sync_request", tmp_path) as successor:
        await successor.handle(KEY, encode(a_request(1, **SYNC)))
        assert len(successor.producer.on(TOPICS.sync_tasks)) == 1


async def test_its_request_is_acknowledged_only_when_kafka_has_its_row(tmp_path):
    """The row is all there is to show that its task is out."""
    async with agent_under_test("split_sync_request", tmp_path) as agent:
        agent.producer.hold(TOPICS.jobs_changelog)
        message = await agent.put(KEY, encode(a_request(1, **SYNC)))
        await until(lambda: agent.producer.on(TOPICS.jobs_changelog))
        await everybody_waits()
        assert not message.acked

        agent.producer.release()
        await until(lambda: message.acked)


async def test_what_is_settled_before_its_row_is_written_stays_settled(tmp_path):
    """The result may have written the row by then."""
    async with agent_under_test("split_sync_request", tmp_path) as agent:
        agent.producer.hold()
        message = await agent.put(KEY, encode(a_request(1, **SYNC)))
        await until(lambda: agent.producer.on(TOPICS.sync_tasks))
        opened = job.open_job(a_job(1, **SYNC), AT)
        agent.table("jobs").data[KEY] = encode(job.settle(opened, [settled(0)], AT))

        agent.producer.release()

        await until(lambda: message.acked)
        header = decode(agent.table("jobs")[KEY], JobHeader)
        assert header.dispatched
        assert job.count(header, Outcome.FOUND) == 1
