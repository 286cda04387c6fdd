"""A task's persons are looked up."""

import asyncio

import msgspec
import pytest
from recording import TOPICS, agent_under_test, everybody_waits, until
from samples import tasks_of

from enrich_stream.person import Outcome
from enrich_stream.providers.base import Answer, Finding, Value, everything
from enrich_stream.records import EnrichedContact, IdentifierResults, decode, encode

KEY = b"op_1"


class Provider:
    """The outside world: knows everybody; may be told to wait, or to fail, for some."""

    name, is_local, answers_at_once = "outside", False, True
    answers = everything()

    def __init__(self, *, waits_for=None, fails_for=()):
        self.waits_for, self._fails_for = waits_for or {}, fails_for
        self.asked = []

    async def start(self):
        """Nothing to open."""

    async def stop(self):
        """Nothing to close."""

    async def ask(self, question):
        name = question.identifier.value
        self.asked.append(name)
        if name in self._fails_for:
            raise RuntimeError(name)
        if name in self.waits_for:
            await self.waits_for[name].wait()
        value = Value(value=f"{name}@x.example")
        found = Finding(Outcome.FOUND, (value,))
        return Answer(findings=dict.fromkeys(question.fields, found), person_known=True)


def results(agent):
    return [
        item
        for message in agent.producer.on(TOPICS.results)
        for item in decode(message.value, IdentifierResults).items
    ]


async def test_every_person_of_a_task_becomes_a_result_and_a_public_contact(tmp_path):
    """One result record keyed by the job; contacts keyed by person, on the task's partition."""
    async with agent_under_test("enrich_identifier", tmp_path, Provider()) as agent:
        await agent.handle(KEY, encode(tasks_of(3)))

        (message,) = agent.producer.on(TOPICS.results)
        assert message.key == KEY
        assert sorted(item.index for item in results(agent)) == [0, 1, 2]
        contacts = agent.producer.on(TOPICS.contacts)
        assert {m.key for m in contacts} == {b"linkedin_url:person-%d" % i for i in range(3)}
        assert {m.partition for m in contacts} == {0}
        assert {decode(m.value, EnrichedContact).id for m in contacts} == {
            "op_1/000",
            "op_1/001",
            "op_1/002",
        }


async def test_a_provider_failure_is_a_result_like_any_other(tmp_path):
    """Nothing escapes the agent: the person ends as unknown, the others are found."""
    provider = Provider(fails_for={"person-1"})
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks_of(2)))

        outcomes = {item.index: item.outcome for item in results(agent)}
        assert outcomes == {0: Outcome.FOUND, 1: Outcome.UNKNOWN}
        assert agent.producer.on(TOPICS.dead_letters) == []


async def test_who_is_settled_does_not_wait_for_who_is_slow(tmp_path):
    """Persons that are settled go out while another of the same task is still being looked up."""
    slow = asyncio.Event()
    provider = Provider(waits_for={"person-0": slow})
    async with agent_under_test(
        "enrich_identifier", tmp_path, provider, result_window_seconds=0.01
    ) as agent:
        message = await agent.put(KEY, encode(tasks_of(3)))
        await until(lambda: len(results(agent)) == 2)
        assert not message.acked

        slow.set()

        await until(lambda: message.acked)
        assert sorted(item.index for item in results(agent)) == [0, 1, 2]


@pytest.mark.parametrize(
    "topic",
    [TOPICS.results, TOPICS.contacts, TOPICS.contacts_changelog],
    ids=["result", "public contact", "memory"],
)
async def test_a_task_is_acknowledged_only_when_all_it_led_to_is_delivered(tmp_path, topic):
    """Whichever of them Kafka has not acknowledged keeps the task."""
    async with agent_under_test("enrich_identifier", tmp_path, Provider()) as agent:
        agent.producer.hold(topic)
        message = await agent.put(KEY, encode(tasks_of(1)))
        await until(lambda: agent.producer.on(topic))
        await everybody_waits()
        assert not message.acked

        agent.producer.release()

        await until(lambda: message.acked)


async def test_nobody_gets_the_place_of_a_person_whose_memory_is_not_safe(tmp_path):
    """A kill must not cost more calls again than there are places for people in hand."""
    provider = Provider()
    async with agent_under_test(
        "enrich_identifier", tmp_path, provider, item_concurrency=1
    ) as agent:
        agent.producer.hold(TOPICS.contacts_changelog)
        await agent.put(KEY, encode(tasks_of(2)))
        await until(lambda: agent.producer.on(TOPICS.contacts_changelog))
        await everybody_waits()
        assert len(provider.asked) == 1

        agent.producer.release()

        await until(lambda: len(provider.asked) == 2)


async def test_the_identifier_is_echoed_as_it_was_given(tmp_path):
    """The answer has the caller's spelling, the contact both it and the canonical one."""
    async with agent_under_test("enrich_identifier", tmp_path, Provider()) as agent:
        await agent.handle(KEY, encode(tasks_of(1)))

        answer = msgspec.json.decode(results(agent)[0].answer)
        (message,) = agent.producer.on(TOPICS.contacts)
        contact = decode(message.value, EnrichedContact)
        assert answer["identifier"] == contact.given == {"linkedin_url": "in/person-0"}
        assert contact.identifier == "linkedin_url:person-0"


async def test_one_person_in_two_jobs_at_once_is_asked_about_once(tmp_path):
    """Concurrent look-ups of the same person share one call."""
    slow = asyncio.Event()
    provider = Provider(waits_for={"person-0": slow})
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.put(KEY, encode(tasks_of(1)))
        await agent.put(b"op_2", encode(tasks_of(1, job_id="op_2")))
        await until(lambda: provider.asked)

        slow.set()

        await until(lambda: len(results(agent)) == 2)
        assert provider.asked == ["person-0"]
        assert {item.outcome for item in results(agent)} == {Outcome.FOUND}


async def test_a_task_that_comes_again_asks_nobody_again(tmp_path):
    """What was found out before a crash is remembered, also before it is a row of the table."""
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks_of(3)))
        await agent.handle(KEY, encode(tasks_of(3)))

        assert sorted(provider.asked) == ["person-0", "person-1", "person-2"]
        assert len(results(agent)) == 6


async def test_an_outage_is_not_remembered(tmp_path):
    """Unknown is asked again."""
    provider = Provider(fails_for={"person-0"})
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks_of(1)))
        await agent.handle(KEY, encode(tasks_of(1)))

        assert provider.asked == ["person-0", "person-0"]
