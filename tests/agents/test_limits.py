"""What a job's options and its cancellation do to the looking up of its persons."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from recording import TOPICS, agent_under_test, until
from samples import a_cancellation, an_item, tasks_of
from test_enrich_identifier import KEY, Provider, results

from enrich_stream import clock
from enrich_stream.allowance import CAP_SPENT
from enrich_stream.person import Outcome
from enrich_stream.providers.base import Answer
from enrich_stream.records import EnrichedContact, decode, encode


class SaysNo(Provider):
    """Knows nobody."""

    async def ask(self, question):
        await super().ask(question)
        return Answer.same_for_all(question.fields, Outcome.ABSENT, "nothing on record")


def named(name, provider):
    provider.name = name
    return provider


def cancel(agent, job_id="op_1"):
    """What the follower of the cancellations topic does with a record of it."""
    record = encode(a_cancellation(1, job_id=job_id))
    agent.app.cancellations.take(type("Record", (), {"key": job_id.encode(), "value": record}))


def outcomes(agent):
    return {item.index: item.outcome for item in results(agent)}


async def test_of_a_cancelled_job_nobody_is_asked_about(tmp_path):
    """Its tasks end at once, without a result: the job has ended without them."""
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        cancel(agent)

        await agent.handle(KEY, encode(tasks_of(3)))

        assert provider.asked == []
        assert results(agent) == []
        assert agent.producer.on(TOPICS.contacts) == []


async def test_who_waits_while_the_job_is_cancelled_is_not_asked_about(tmp_path):
    """Only the call that was under way is finished; no further one is begun."""
    slow = asyncio.Event()
    provider = Provider(waits_for={"person-0": slow})
    async with agent_under_test(
        "enrich_identifier", tmp_path, provider, item_concurrency=1
    ) as agent:
        message = await agent.put(KEY, encode(tasks_of(3)))
        await until(lambda: provider.asked)

        cancel(agent)
        slow.set()

        await until(lambda: message.acked)
        assert provider.asked == ["person-0"]


async def test_the_next_provider_is_not_asked_once_the_job_is_cancelled(tmp_path):
    """What the first one said is kept; the rest is unknown, and says why."""
    slow = asyncio.Event()
    first, second = SaysNo(waits_for={"person-0": slow}), named("second", Provider())
    async with agent_under_test("enrich_identifier", tmp_path, first, second) as agent:
        message = await agent.put(KEY, encode(tasks_of(1)))
        await until(lambda: first.asked)

        cancel(agent)
        slow.set()

        await until(lambda: message.acked)
        assert second.asked == []
        assert outcomes(agent) == {0: Outcome.UNKNOWN}


async def test_another_job_asks_on_for_a_person_whose_first_job_was_cancelled(tmp_path):
    """A look-up that was cut short is no answer for anybody else."""
    slow = asyncio.Event()
    first, second = SaysNo(waits_for={"person-0": slow}), named("second", Provider())
    async with agent_under_test("enrich_identifier", tmp_path, first, second) as agent:
        one = await agent.put(KEY, encode(tasks_of(1)))
        await until(lambda: first.asked)
        other = await agent.put(b"op_2", encode(tasks_of(1, job_id="op_2")))
        for _ in range(50):  # rounds of the loop, until it waits for the one before
            await asyncio.sleep(0)

        cancel(agent)
        slow.set()

        await until(lambda: one.acked and other.acked)
        assert second.asked == ["person-0"]
        assert {item.outcome for item in results(agent)} == {Outcome.UNKNOWN, Outcome.FOUND}


async def test_beyond_the_cap_nobody_is_asked(tmp_path):
    """Persons beyond it end as unknown, with that reason; the cap itself is used up."""
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks_of(5, calls=2)))

        assert len(provider.asked) == 2
        assert sorted(outcomes(agent).values()) == [Outcome.FOUND] * 2 + [Outcome.UNKNOWN] * 3
        unknown = next(item for item in results(agent) if item.outcome is Outcome.UNKNOWN)
        error = msgspec.json.decode(unknown.answer)["error"]
        assert CAP_SPENT in error["message"]
        (line,) = msgspec.json.decode(unknown.evidence)["trail"]
        assert line["reasons"] == {"contact.email": CAP_SPENT}


@pytest.mark.parametrize("fails_for", [(), ("person-0", "person-1")], ids=["found", "outage"])
async def test_a_task_that_comes_again_has_only_the_rest_of_its_share(tmp_path, fails_for):
    """A partition that moves on brings its tasks again, also of persons nobody could tell of."""
    provider = Provider(fails_for=fails_for)
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        for _ in range(2):
            await agent.handle(KEY, encode(tasks_of(5, calls=2, max_provider_calls=2)))

        assert len(provider.asked) == 2


async def test_a_task_that_is_in_hand_twice_has_one_share(tmp_path):
    """A request that was sent out again sends its tasks again, which may overtake each other."""
    slow = asyncio.Event()
    provider = Provider(waits_for={f"person-{n}": slow for n in range(9)})
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        first = await agent.put(KEY, encode(tasks_of(5, calls=2, max_provider_calls=2)))
        again = tasks_of(4, first=5, calls=2, max_provider_calls=2)
        second = await agent.put(KEY, encode(again))
        await until(lambda: len(provider.asked) == 2)
        slow.set()

        await until(lambda: first.acked and second.acked)
        assert len(provider.asked) == 2


async def test_a_share_is_spent_by_its_own_job_only(tmp_path):
    """What another job has cost is none of its calls."""
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks_of(2, calls=2, max_provider_calls=2)))
        await agent.handle(
            b"op_2", encode(tasks_of(4, calls=2, max_provider_calls=2, job_id="op_2"))
        )

        assert len(provider.asked) == 4


async def test_own_records_and_memory_do_not_count_for_the_cap(tmp_path):
    """With a cap of none, all that costs nothing is still answered."""
    own, outside = named("own", SaysNo()), Provider()
    own.is_local = True
    async with agent_under_test("enrich_identifier", tmp_path, own, outside) as agent:
        await agent.handle(b"op_0", encode(tasks_of(1, job_id="op_0")))
        await agent.handle(KEY, encode(tasks_of(2, calls=0)))

        assert outside.asked == ["person-0"]
        assert own.asked == ["person-0", "person-0", "person-1"]
        assert outcomes(agent) == {0: Outcome.FOUND, 1: Outcome.UNKNOWN}


@pytest.mark.parametrize(("max_age", "calls"), [(None, 1), (3600, 1), (0, 2)])
async def test_an_answer_older_than_the_job_wants_is_asked_for_again(tmp_path, max_age, calls):
    """Nought asks again, whatever is remembered; an age that is kept asks nobody."""
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks_of(1)))
        later = tasks_of(1, job_id="op_2", max_age_seconds=max_age)
        await agent.handle(b"op_2", encode(a_minute_later(later)))

        assert len(provider.asked) == calls


async def test_a_task_that_comes_again_asks_nobody_again_whatever_the_age_wanted(tmp_path):
    """What was found out since the job was accepted is never too old for it."""
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        for _ in range(2):
            await agent.handle(KEY, encode(tasks_of(1, max_age_seconds=0)))

        assert provider.asked == ["person-0"]


@pytest.mark.parametrize("options", [{}, {"max_age_seconds": 0}])
async def test_a_person_who_is_twice_in_a_batch_costs_one_call(tmp_path, options):
    """Both items get the answer, each with the spelling it was given in."""
    tasks = tasks_of(3, **options)
    twice = msgspec.structs.replace(an_item(2, "person-0"), given={"linkedin_url": "PERSON-0"})
    tasks = msgspec.structs.replace(tasks, items=(*tasks.items[:2], twice))
    provider = Provider()
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        await agent.handle(KEY, encode(tasks))

        assert sorted(provider.asked) == ["person-0", "person-1"]
        answers = {i.index: msgspec.json.decode(i.answer) for i in results(agent)}
        assert answers[0]["data"] == answers[2]["data"]
        assert answers[2]["identifier"] == {"linkedin_url": "PERSON-0"}


async def test_only_the_chosen_providers_are_asked_in_the_chosen_order(tmp_path):
    """The trail of the contact has them in that order."""
    providers = [named(name, SaysNo()) for name in ("a", "b", "c")]
    async with agent_under_test("enrich_identifier", tmp_path, *providers) as agent:
        await agent.handle(KEY, encode(tasks_of(1, providers=("c", "a", "not running"))))

        (message,) = agent.producer.on(TOPICS.contacts)
        contact = decode(message.value, EnrichedContact)
        assert [asked.provider for asked in contact.trail] == ["c", "a"]
        assert contact.providers == ("c", "a", "not running")


async def test_the_no_of_chosen_providers_is_not_remembered_for_all(tmp_path):
    """A later job that does not choose asks those who were left out, and those who were not."""
    says_no, knows = named("no", SaysNo()), named("knows", Provider())
    async with agent_under_test("enrich_identifier", tmp_path, says_no, knows) as agent:
        await agent.handle(KEY, encode(tasks_of(1, providers=("no",))))
        await agent.handle(b"op_2", encode(tasks_of(1, job_id="op_2")))

        assert knows.asked == ["person-0"]
        assert [item.outcome for item in results(agent)] == [Outcome.ABSENT, Outcome.FOUND]


async def test_what_others_have_said_does_not_answer_for_the_chosen(tmp_path):
    """A remembered value of a provider that the job leaves out is not given to it."""
    left_out, wanted = named("left out", Provider()), named("wanted", SaysNo())
    async with agent_under_test("enrich_identifier", tmp_path, left_out, wanted) as agent:
        await agent.handle(KEY, encode(tasks_of(1)))
        await agent.handle(b"op_2", encode(tasks_of(1, job_id="op_2", providers=("wanted",))))

        assert wanted.asked == ["person-0"]
        assert [item.outcome for item in results(agent)] == [Outcome.FOUND, Outcome.ABSENT]


def a_minute_later(tasks):
    """As if the job came a minute after what was found out until now."""
    at = clock.iso(clock.present() + timedelta(minutes=1))
    job = msgspec.structs.replace(tasks.job, accepted_at=at)
    return msgspec.structs.replace(tasks, job=job)
