"""When an event is acknowledged, and what happens to it when its partition moves on."""

import asyncio

import pytest
from faust.types import TP
from recording import TOPICS, agent_under_test, everybody_waits, until
from samples import tasks_of
from test_enrich_identifier import KEY, Provider, results

from enrich_stream.records import encode


@pytest.fixture
async def slow_first(tmp_path):
    """The agent with two tasks in hand: the first waits for its provider, the second is done."""
    provider = Provider(waits_for={"person-0": asyncio.Event()})
    async with agent_under_test("enrich_identifier", tmp_path, provider) as agent:
        agent.first = await agent.put(KEY, encode(tasks_of(1)))
        agent.second = await agent.put(b"op_2", encode(tasks_of(1, job_id="op_2", first=1)))
        await until(lambda: results(agent))
        agent.release_first = provider.waits_for["person-0"].set
        agent.provider = provider
        yield agent


async def test_events_are_acknowledged_in_the_order_of_their_offsets(slow_first):
    """The engine commits past the first event when a later one is acknowledged before it."""
    assert not slow_first.second.acked

    slow_first.release_first()

    await until(lambda: slow_first.first.acked)
    await until(lambda: slow_first.second.acked)


async def test_what_is_not_done_in_time_is_handed_back(slow_first):
    """Neither the late event nor one behind it is acknowledged: both come again.

    Nor is anything sent any more that the late one leads to: others have its partition.
    """
    stage = stage_of(slow_first)

    done = await stage.hand_back(seconds=0)
    slow_first.release_first()
    await everybody_waits()

    assert done == {}
    assert not slow_first.first.acked
    assert not slow_first.second.acked
    assert len(results(slow_first)) == 1


async def test_what_finishes_in_time_is_done(slow_first):
    """Running work gets its time; the offset to go on from is behind it."""
    stage = stage_of(slow_first)
    asyncio.get_running_loop().call_soon(slow_first.release_first)

    done = await stage.hand_back(seconds=5)

    assert slow_first.second.acked
    assert done == {TP(TOPICS.tasks.name, 0): slow_first.second.offset + 1}
    assert await stage.hand_back(seconds=5) == {}, "the next time it may be another's"


async def test_after_a_handover_new_events_are_handled(slow_first):
    """Handing back ends nothing but what was in hand."""
    await stage_of(slow_first).hand_back(seconds=0)

    await slow_first.put(b"op_3", encode(tasks_of(1, job_id="op_3", first=2)))

    await until(lambda: len(results(slow_first)) == 2)


async def test_what_was_taken_before_a_handover_is_not_begun_after_it(tmp_path):
    """It waited for a place, and its partition has moved on with it."""
    provider = Provider(waits_for={"person-0": asyncio.Event()})
    async with agent_under_test(
        "enrich_identifier", tmp_path, provider, task_concurrency=1
    ) as agent:
        await agent.put(KEY, encode(tasks_of(1)))
        taken = await agent.put(KEY, encode(tasks_of(1, first=1)), wait=False)
        await until(lambda: provider.asked)
        await everybody_waits()

        await stage_of(agent).hand_back(seconds=0)
        await everybody_waits()

        assert provider.asked == ["person-0"]
        assert not taken.acked


async def test_what_is_handed_back_leaves_its_place_to_others(tmp_path):
    """Rebalance by rebalance a worker would look up fewer people, and at last nobody."""
    provider = Provider(waits_for={"person-0": asyncio.Event()})
    async with agent_under_test(
        "enrich_identifier", tmp_path, provider, item_concurrency=1
    ) as agent:
        await agent.put(KEY, encode(tasks_of(1)))
        await until(lambda: provider.asked)

        await stage_of(agent).hand_back(seconds=0)

        await agent.handle(b"op_2", encode(tasks_of(1, job_id="op_2", first=1)))


def stage_of(agent):
    (stage,) = [s for s in agent.app.stages if s.name == "enrich_identifier"]
    return stage


async def test_a_look_up_that_was_handed_back_answers_when_its_task_comes_again(slow_first):
    """The partition stayed with this worker: nobody is asked, and paid, a second time."""
    asked = len(slow_first.provider.asked)
    await stage_of(slow_first).hand_back(seconds=0)

    again = await slow_first.put(KEY, encode(tasks_of(1)))
    slow_first.release_first()

    await until(lambda: again.acked)
    assert {item.index for item in results(slow_first)} == {0}
    assert len(slow_first.provider.asked) == asked
