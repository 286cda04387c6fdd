"""A cancellation ends its job."""

import pytest
from recording import TOPICS, agent_under_test, until
from samples import AT, a_cancellation, a_job, a_request, results_of, settled

from enrich_stream import job
from enrich_stream.person import Outcome
from enrich_stream.records import VERSION, JobHeader, JobItem, decode, encode

KEY = b"op_1"


def put_header(agent, header):
    agent.table("jobs").data[KEY] = encode(header)


def header_of(agent):
    return decode(agent.table("jobs")[KEY], JobHeader)


def dispatched(total, *items):
    header = job.dispatch(job.open_job(a_job(total), AT), AT)
    return job.settle(header, items, AT)


async def test_what_is_not_settled_is_cancelled_and_what_is_stays(tmp_path):
    """The job ends at once, with the progress it had."""
    async with agent_under_test("cancel_job", tmp_path) as agent:
        put_header(agent, dispatched(4, settled(2)))

        await agent.handle(KEY, encode(a_cancellation(4)))

        header = header_of(agent)
        assert job.status(header) is job.Status.CANCELLED
        assert job.progress(header) == 25
        assert not job.is_cancelled(header, 2)


async def test_a_repeated_cancellation_changes_nothing(tmp_path):
    """Not even the time at which the job ended; it is assigned again, for the changelog's sake."""
    async with agent_under_test("cancel_job", tmp_path) as agent:
        await agent.handle(KEY, encode(a_cancellation(2)))
        await agent.handle(KEY, encode(a_cancellation(2)))

        first, second = (m.value for m in agent.producer.on(TOPICS.jobs_changelog))
        assert first == second


async def test_a_job_that_has_ended_stays_as_it_is(tmp_path):
    """A cancellation that crossed the last result comes too late."""
    async with agent_under_test("cancel_job", tmp_path) as agent:
        put_header(agent, dispatched(1, settled(0)))

        await agent.handle(KEY, encode(a_cancellation(1)))

        assert job.status(header_of(agent)) is job.Status.SUCCEEDED


async def test_a_row_that_the_header_does_not_count_yet_is_not_cancelled(tmp_path):
    """A kill between an event's two changelog records leaves the row alone: it is an answer."""
    async with agent_under_test("cancel_job", tmp_path) as agent:
        put_header(agent, dispatched(2))
        row = JobItem(version=VERSION, item=settled(1, Outcome.ABSENT))
        agent.table("job_items").data[b"op_1/001"] = encode(row)

        await agent.handle(KEY, encode(a_cancellation(2)))

        assert job.count(header_of(agent), Outcome.ABSENT) == 1
        assert job.is_cancelled(header_of(agent), 0)


async def test_an_expired_job_is_not_opened_again(tmp_path):
    """A cancellation read again after the job was swept leaves no row behind."""
    async with agent_under_test("cancel_job", tmp_path, retention_days=1e-9) as agent:
        await agent.handle(KEY, encode(a_cancellation(1)))

        assert KEY not in agent.table("jobs")


async def test_it_is_acknowledged_only_when_the_header_is_in_the_changelog(tmp_path):
    """Until then a crash would lose it."""
    async with agent_under_test("cancel_job", tmp_path) as agent:
        agent.producer.hold()
        message = await agent.put(KEY, encode(a_cancellation(1)))
        await until(lambda: agent.producer.on(TOPICS.jobs_changelog))
        assert not message.acked

        agent.producer.release()

        await until(lambda: message.acked)


@pytest.mark.parametrize(("key", "value"), [(KEY, b"{"), (b"op_2", encode(a_cancellation(1)))])
async def test_what_is_no_cancellation_is_buried(tmp_path, key, value):
    """A broken record, or one under another job's key, cancels nothing."""
    async with agent_under_test("cancel_job", tmp_path) as agent:
        await agent.handle(key, value)

        assert len(agent.producer.on(TOPICS.dead_letters)) == 1
        assert KEY not in agent.table("jobs")


async def test_a_request_that_was_cancelled_before_it_was_read_sends_no_task(tmp_path):
    """The cancellation has opened the job, as cancelled; the request finds it so."""
    async with agent_under_test("split_request", tmp_path) as agent:
        put_header(agent, job.cancel(job.open_job(a_job(2), AT), AT))

        await agent.handle(KEY, encode(a_request(2)))

        assert agent.producer.on(TOPICS.tasks) == []
        assert job.status(header_of(agent)) is job.Status.CANCELLED


async def test_what_a_cancelled_job_has_under_way_is_free_for_the_next(tmp_path):
    """A job that was sent out leaves its organisation's share, and so does one that waits."""
    jobs = [b"op_%d" % n for n in range(1, 4)]
    async with agent_under_test("split_request", tmp_path, organisation_items_under_way=1) as agent:
        split = [await agent.put(k, encode(a_request(1, job_id=k.decode()))) for k in jobs]
        await until(lambda: jobs[2] in agent.table("jobs"))
        assert not split[1].acked

        async with agent.app.agents["cancel_job"].test_context() as cancel:
            for key in (jobs[1], jobs[0]):
                record = encode(a_cancellation(1, job_id=key.decode()))
                await cancel.put(key=key, value=record)

            await until(lambda: all(message.acked for message in split))
        assert {m.key for m in agent.producer.on(TOPICS.tasks)} == {jobs[0], jobs[2]}


async def test_results_of_cancelled_items_are_dropped(tmp_path):
    """What was under way when the job was cancelled is neither counted nor kept."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        header = job.cancel(dispatched(2, settled(0)), AT)
        put_header(agent, header)

        await agent.handle(KEY, encode(results_of(a_job(2), settled(0), settled(1))))

        assert header_of(agent) == header
        assert b"op_1/001" not in agent.table("job_items")
        assert b"op_1/000" in agent.table("job_items"), "assigned again: it was settled before"
