"""Persons whose providers have no room in time are put back, and gone on with later."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from recording import TOPICS, agent_under_test, until
from samples import tasks_of
from test_enrich_identifier import KEY, Provider, results

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Answer, Finding
from enrich_stream.records import IdentifierTasks, decode, encode

LATER = 600.0


class Busy(Provider):
    """Has no room before a moment; then it finds what it is asked for."""

    name = "busy"
    is_busy = False

    def __init__(self):
        super().__init__()
        self.retry_at = clock.present().timestamp() + LATER

    async def ask(self, question):
        answer = await super().ask(question)
        if self.retry_at is None:
            return answer
        no_room = Finding(
            Outcome.UNKNOWN, reason="rate limited", retry_at=self.retry_at, is_busy=self.is_busy
        )
        return Answer(findings=dict.fromkeys(question.fields, no_room))


class SaysNo(Provider):
    """Knows nobody."""

    name = "knows-nobody"

    async def ask(self, question):
        await super().ask(question)
        return Answer.same_for_all(question.fields, Outcome.ABSENT, "no such person")


def a_task(**changes):
    return msgspec.structs.replace(tasks_of(2, fields=(Field.EMAIL,)), **changes)


def put_back_by(agent):
    return [decode(m.value, IdentifierTasks) for m in agent.producer.on(TOPICS.retries)]


@pytest.fixture
async def put_back(tmp_path):
    """The record with which a task of two persons is put back."""
    async with agent_under_test("enrich_identifier", tmp_path, SaysNo(), Busy()) as agent:
        await agent.handle(KEY, encode(a_task(max_provider_calls=10)))
        assert results(agent) == []
        assert agent.producer.on(TOPICS.contacts) == []
        (record,) = put_back_by(agent)
        return record


def due(record):
    """The same record as if the time were there at which it is to be gone on with."""
    items = [
        msgspec.structs.replace(item, so_far=msgspec.structs.replace(item.so_far, later=()))
        for item in record.items
    ]
    return msgspec.structs.replace(record, items=tuple(items), not_before=clock.now())


async def test_who_finds_no_room_in_time_is_put_back_with_what_is_known(put_back):
    """One record for the task: when to go on, what was said so far, what is left of the cap."""
    not_before = datetime.fromisoformat(put_back.not_before).timestamp()

    assert not_before == pytest.approx(clock.present().timestamp() + LATER, abs=60)
    assert [item.index for item in sorted(put_back.items, key=lambda i: i.index)] == [0, 1]
    assert put_back.max_provider_calls == 10 - 4
    for item in put_back.items:
        assert [line.provider for line in item.so_far.trail] == ["knows-nobody", "busy"]


async def test_later_only_those_are_asked_who_had_no_room(put_back, tmp_path):
    """Whoever said no is not paid again; the trail tells of both times."""
    nobody, busy = SaysNo(), Busy()
    busy.retry_at = None
    async with agent_under_test("retry_identifier", tmp_path, nobody, busy) as agent:
        await agent.handle(KEY, encode(due(put_back)))

        assert nobody.asked == []
        assert sorted(busy.asked) == ["person-0", "person-1"]
        assert {item.outcome for item in results(agent)} == {Outcome.FOUND}
        trail = msgspec.json.decode(results(agent)[0].evidence)["trail"]
        assert [line["provider"] for line in trail] == ["knows-nobody", "busy", "busy"]


async def test_a_no_from_before_counts_at_the_end(put_back, tmp_path):
    """Absent needs all of them, whenever they were asked."""
    busy = SaysNo()
    busy.name = "busy"
    async with agent_under_test("retry_identifier", tmp_path, SaysNo(), busy) as agent:
        await agent.handle(KEY, encode(due(put_back)))

        assert {item.outcome for item in results(agent)} == {Outcome.ABSENT}


async def test_whoever_waits_holds_nobody_up_and_leaves_on_a_hand_over(put_back, tmp_path):
    """A record that is not due waits, one behind it that is due is handled, neither blocks."""
    busy = Busy()
    busy.retry_at = None
    async with agent_under_test("retry_identifier", tmp_path, busy) as agent:
        early = await agent.put(KEY, encode(put_back))
        await agent.put(KEY, encode(due(put_back)))
        await until(lambda: results(agent))
        (stage,) = [s for s in agent.app.stages if s.name == "retry_identifier"]

        for forget in agent.app.on_hand_back:
            forget()
        async with asyncio.timeout(5):
            done = await stage.hand_back(seconds=60)

        assert not early.acked
        assert done == {}


async def test_past_the_jobs_deadline_nobody_is_put_back(tmp_path):
    """The person ends as unknown, and the answer says that a later try may succeed."""
    task = a_task(put_back_until=clock.iso(datetime.now(UTC) + timedelta(seconds=LATER / 2)))
    async with agent_under_test("enrich_identifier", tmp_path, Busy()) as agent:
        await agent.handle(KEY, encode(task))

        assert put_back_by(agent) == []
        assert {item.outcome for item in results(agent)} == {Outcome.UNKNOWN}
        assert msgspec.json.decode(results(agent)[0].answer)["error"]["retryable"] is True


async def test_those_who_wait_in_place_leave_room_for_others(tmp_path):
    """Of eight whose provider has room in a minute one waits where it is; the others do not."""
    busy = Busy()
    busy.is_busy, busy.retry_at = True, clock.present().timestamp() + 60
    async with agent_under_test(
        "enrich_sync_identifier", tmp_path, busy, sync_concurrency=4, sync_budget_seconds=100
    ) as agent:
        for number in range(8):
            await agent.put(KEY, encode(tasks_of(1, first=number)))

        await until(lambda: len(put_back_by(agent)) == 7)
        assert len(busy.asked) == 8
        assert results(agent) == []
