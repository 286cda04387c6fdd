"""Results become rows of their job."""

import pytest
import structlog
from prometheus_client import REGISTRY
from recording import TOPICS, agent_under_test, everybody_waits, until
from samples import a_job, results_of, settled

from enrich_stream import job
from enrich_stream.person import Outcome
from enrich_stream.records import JobHeader, JobItem, decode, encode

KEY = b"op_1"


def changelog(agent, topic):
    return [(m.key, m.value) for m in agent.producer.on(topic)]


async def test_results_become_rows_and_the_header_counts_them(tmp_path):
    """One row for each item under job id/index; the job ends when all are there."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        await agent.handle(KEY, encode(results_of(a_job(2), settled(1, Outcome.ABSENT))))
        assert not job.is_complete(decode(agent.table("jobs")[KEY], JobHeader))

        await agent.handle(KEY, encode(results_of(a_job(2), settled(0))))

        header = decode(agent.table("jobs")[KEY], JobHeader)
        assert job.status(header) is job.Status.PARTIAL_SUCCESS
        assert decode(agent.table("job_items")[b"op_1/001"], JobItem).item.outcome is Outcome.ABSENT


async def test_a_repeated_result_assigns_its_row_and_header_again(tmp_path):
    """After a crash the local row can be ahead of its changelog: a repeat makes that whole."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        result = encode(results_of(a_job(1), settled(0)))
        await agent.handle(KEY, result)
        first = changelog(agent, TOPICS.job_items_changelog)

        await agent.handle(KEY, result)

        assert changelog(agent, TOPICS.job_items_changelog) == first * 2
        headers = changelog(agent, TOPICS.jobs_changelog)
        assert headers[0] == headers[1]


async def test_an_item_is_answered_one_way_only(tmp_path):
    """A second, different result of an item leaves the first in the row and in the count."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        await agent.handle(KEY, encode(results_of(a_job(1), settled(0, Outcome.FOUND))))
        row, header = agent.table("job_items")[b"op_1/000"], agent.table("jobs")[KEY]

        await agent.handle(KEY, encode(results_of(a_job(1), settled(0, Outcome.UNKNOWN))))

        assert (agent.table("job_items")[b"op_1/000"], agent.table("jobs")[KEY]) == (row, header)


async def test_a_row_without_its_count_is_counted_on_repeat(tmp_path):
    """A kill between an event's two changelog records leaves the row alone; a repeat heals."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        await agent.handle(KEY, encode(results_of(a_job(1), settled(0, Outcome.ABSENT))))
        agent.table("jobs").data.pop(KEY)

        await agent.handle(KEY, encode(results_of(a_job(1), settled(0, Outcome.FOUND))))

        header = decode(agent.table("jobs")[KEY], JobHeader)
        assert job.count(header, Outcome.ABSENT) == 1
        assert job.is_complete(header)


@pytest.mark.parametrize(
    "topic", [TOPICS.job_items_changelog, TOPICS.jobs_changelog], ids=["row", "header"]
)
async def test_a_result_is_acknowledged_only_when_row_and_header_are_in_the_changelog(
    tmp_path, topic
):
    """The engine would acknowledge at once, and a failed send would be lost."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        agent.producer.hold(topic)
        message = await agent.put(KEY, encode(results_of(a_job(1), settled(0))))
        await until(lambda: agent.producer.on(topic))
        await everybody_waits()
        assert not message.acked

        agent.producer.release()

        await until(lambda: message.acked)


async def test_results_that_are_handled_at_once_are_all_counted(tmp_path):
    """Between reading a row and assigning it nobody else may have a turn."""
    async with agent_under_test("settle_job", tmp_path) as agent:
        agent.producer.hold()
        for place in range(5):
            await agent.put(KEY, encode(results_of(a_job(5), settled(place))))
        await until(lambda: len(agent.app.tables["job_items"].data) == 5)

        assert job.is_complete(decode(agent.table("jobs")[KEY], JobHeader))


async def test_what_is_settled_counts_once_and_a_job_ends_once(tmp_path):
    """A repeat moves no counter; the end of a job is one line with its job id and request id."""
    before = counted()
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        async with agent_under_test("settle_job", tmp_path) as agent:
            first = encode(results_of(a_job(2), settled(0, Outcome.UNKNOWN)))
            last = encode(results_of(a_job(2), settled(1)))
            for result in (first, first, last, last, first):
                await agent.handle(KEY, result)

    assert {name: counted()[name] - before[name] for name in before} == {
        "found": 1,
        "absent": 0,
        "unknown": 1,
        "jobs": 1,
    }
    (line,) = [entry for entry in logs if entry["event"] == "job.completed"]
    assert (line["job_id"], line["request_id"]) == ("op_1", "r")
    assert (line["status"], line["items"]) == ("partial_success", 2)


def counted():
    settled = {
        outcome.value: ("enrich_items_settled_total", {"lane": "batch", "outcome": outcome})
        for outcome in Outcome
    }
    jobs = ("enrich_jobs_completed_total", {"lane": "batch", "status": "partial_success"})
    return {
        name: REGISTRY.get_sample_value(*sample) or 0
        for name, sample in {**settled, "jobs": jobs}.items()
    }
