"""A request opens its job and becomes tasks."""

from datetime import datetime, timedelta

import pytest
from recording import TOPICS, agent_under_test, everybody_waits, until
from samples import AT, a_job, a_request, results_of, settled

from enrich_stream import clock, job
from enrich_stream.fair_share import FairShare
from enrich_stream.partitions import partition_of
from enrich_stream.person import Outcome
from enrich_stream.records import IdentifierTasks, JobHeader, decode, encode

KEY = b"op_1"


async def test_a_request_becomes_one_task_record_for_each_partition(tmp_path):
    """Every item is sent once, keyed by the job, to the partition of its person."""
    async with agent_under_test("split_request", tmp_path) as agent:
        await agent.handle(KEY, encode(a_request(100)))

        sent = agent.producer.on(TOPICS.tasks)
        items = [(m.partition, i) for m in sent for i in decode(m.value, IdentifierTasks).items]
        assert sorted(item.index for _, item in items) == list(range(100))
        assert all(partition_of(i.identifier, TOPICS.tasks.partitions) == p for p, i in items)
        assert {m.key for m in sent} == {KEY}
        assert len(sent) <= TOPICS.tasks.partitions


async def test_a_repeated_request_changes_nothing(tmp_path):
    """A second record of a job that was sent out sends no task, and assigns the header as it is.

    After a crash the local row can be ahead of its changelog: that makes it whole.
    """
    async with agent_under_test("split_request", tmp_path) as agent:
        await agent.handle(KEY, encode(a_request(3)))
        header, sent = agent.table("jobs")[KEY], len(agent.producer.on(TOPICS.tasks))
        before = len(agent.producer.on(TOPICS.jobs_changelog))

        await agent.handle(KEY, encode(a_request(3)))

        assert agent.table("jobs")[KEY] == header
        assert [m.value for m in agent.producer.on(TOPICS.jobs_changelog)[before:]] == [header]
        assert len(agent.producer.on(TOPICS.tasks)) == sent


async def test_a_request_cut_off_before_its_tasks_were_delivered_sends_them_again(tmp_path):
    """Only delivered tasks mark the job as dispatched; a repeat sends what is not settled."""
    async with agent_under_test("split_request", tmp_path) as agent:
        agent.producer.hold()
        await agent.put(KEY, encode(a_request(2)))
        await until(lambda: agent.producer.on(TOPICS.tasks))
        tasks, row = agent.producer.on(TOPICS.tasks), agent.table("jobs")[KEY]
        assert not decode(row, JobHeader).dispatched

    async with agent_under_test("split_request", tmp_path) as successor:
        successor.table("jobs").data[KEY] = row
        await successor.handle(KEY, encode(a_request(2)))

        assert successor.producer.on(TOPICS.tasks) == tasks


@pytest.mark.parametrize("topic", [TOPICS.jobs_changelog, TOPICS.tasks], ids=["header", "tasks"])
async def test_an_event_is_acknowledged_only_after_everything_it_led_to(tmp_path, topic):
    """While Kafka has not acknowledged header and tasks, the request is not acknowledged."""
    async with agent_under_test("split_request", tmp_path) as agent:
        agent.producer.hold(topic)
        message = await agent.put(KEY, encode(a_request(2)))
        await until(lambda: agent.producer.on(topic))
        await everybody_waits()
        assert not message.acked
        assert not decode(agent.table("jobs")[KEY], JobHeader).dispatched

        agent.producer.release()

        await until(lambda: message.acked)
        assert decode(agent.table("jobs")[KEY], JobHeader).dispatched


async def test_a_request_is_acknowledged_only_when_kafka_knows_that_its_tasks_are_out(tmp_path):
    """The header that says so is the last that it leads to, and the only one of a repeat."""
    async with agent_under_test("split_request", tmp_path) as agent:
        agent.producer.hold(TOPICS.tasks)
        first = await agent.put(KEY, encode(a_request(2)))
        await until(lambda: agent.producer.on(TOPICS.tasks))
        agent.producer.release()
        agent.producer.hold(TOPICS.jobs_changelog)
        await until(lambda: len(agent.producer.on(TOPICS.jobs_changelog)) == 2)
        repeat = await agent.put(KEY, encode(a_request(2)))
        await everybody_waits()
        assert not first.acked
        assert not repeat.acked

        agent.producer.release()

        await until(lambda: first.acked and repeat.acked)


async def test_poison_is_buried_with_origin_and_reason_and_the_stream_goes_on(tmp_path):
    """A record that cannot be understood goes to the dead letters as it was."""
    async with agent_under_test("split_request", tmp_path) as agent:
        poison = await agent.handle(b"\xff", b"{not json", headers=[("trace", b"7")])
        await agent.handle(KEY, encode(a_request(1)))

        (buried,) = agent.producer.on(TOPICS.dead_letters)
        headers = {k: v.decode() for k, v in buried.headers}
        assert (buried.key, buried.value) == (b"\xff", b"{not json")
        assert headers["trace"] == "7"
        assert headers["dead-letter-topic"] == poison.topic
        assert headers["dead-letter-offset"] == str(poison.offset)
        assert "not a record" in headers["dead-letter-reason"]
        assert agent.producer.on(TOPICS.tasks)


async def test_a_null_value_and_a_foreign_key_are_poison_too(tmp_path):
    """No value, or a key that is not the job's, is buried and opens no job."""
    async with agent_under_test("split_request", tmp_path) as agent:
        await agent.handle(KEY, None)
        await agent.handle(b"op_2", encode(a_request(1)))

        assert len(agent.producer.on(TOPICS.dead_letters)) == 2
        assert KEY not in agent.table("jobs")


async def test_items_settled_before_the_repeat_are_not_sent_again(tmp_path):
    """A repeat of a half-done job asks only for what is missing."""
    async with agent_under_test("split_request", tmp_path) as agent:
        header = job.settle(job.open_job(a_job(3), AT), results_of(a_job(3), settled(1)).items, AT)
        agent.table("jobs").data[KEY] = encode(header)

        await agent.handle(KEY, encode(a_request(3)))

        sent = agent.producer.on(TOPICS.tasks)
        indexes = [item.index for m in sent for item in decode(m.value, IdentifierTasks).items]
        assert sorted(indexes) == [0, 2]


@pytest.mark.parametrize(("was_set", "sent"), [(False, 0), (True, 1)])
async def test_a_request_past_its_retention_is_dropped_unless_the_clock_was_set(
    tmp_path, monkeypatch, was_set, sent
):
    """A job that was deleted must not begin again; one that was accepted must not be lost."""
    after = datetime.fromisoformat(AT) + timedelta(days=8)
    monkeypatch.setattr(clock, "present", lambda: after)
    monkeypatch.setattr(clock, "has_stepped", lambda: was_set)
    async with agent_under_test("split_request", tmp_path) as agent:
        await agent.handle(KEY, encode(a_request(1)))

        assert len(agent.producer.on(TOPICS.tasks)) == sent


async def test_what_is_settled_while_the_tasks_are_on_their_way_stays_settled(tmp_path):
    """The header is read again before it says that the tasks are out."""
    async with agent_under_test("split_request", tmp_path) as agent:
        agent.producer.hold()
        message = await agent.put(KEY, encode(a_request(2)))
        await until(lambda: agent.producer.on(TOPICS.tasks))
        header = decode(agent.table("jobs")[KEY], JobHeader)
        agent.table("jobs").data[KEY] = encode(job.settle(header, [settled(1)], AT))

        agent.producer.release()

        await until(lambda: message.acked)
        header = decode(agent.table("jobs")[KEY], JobHeader)
        assert header.dispatched
        assert job.count(header, Outcome.FOUND) == 1


async def test_a_job_that_retention_has_removed_while_it_waited_does_not_begin(tmp_path):
    """Its request is done with: there is nothing left to do it for."""
    async with agent_under_test("split_request", tmp_path, organisation_items_under_way=1) as agent:
        await agent.handle(b"op_0", encode(a_request(1, job_id="op_0")))
        waiting = await agent.put(KEY, encode(a_request(2)))
        await until(lambda: KEY in agent.table("jobs"))
        agent.table("jobs").data.pop(KEY)
        sent = len(agent.producer.on(TOPICS.tasks))

        (share,) = [f.__self__ for f in agent.app.on_hand_back if isinstance(f.__self__, FairShare)]
        share.settled("op_0", open_items=0)

        await until(lambda: waiting.acked)
        assert len(agent.producer.on(TOPICS.tasks)) == sent
        assert agent.producer.on(TOPICS.dead_letters) == []
        assert KEY not in agent.table("jobs")
