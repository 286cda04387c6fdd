"""How organisations share the workers."""

import asyncio

import pytest

from enrich_stream.fair_share import FairShare


@pytest.fixture
async def enter():
    """Begins an entry; the task is done once it was let in."""
    tasks = []

    async def begin(share, organisation, job_id, items):
        task = asyncio.create_task(share.enter(organisation, job_id, items))
        tasks.append(task)
        await settle()
        return task

    yield begin
    for task in tasks:
        task.cancel()


async def settle():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_beyond_its_bound_an_organisation_waits_and_another_does_not(enter):
    """A flood holds up its own organisation only."""
    share = FairShare(100)
    assert (await enter(share, "flood", "f1", 100)).done()
    waiting = await enter(share, "flood", "f2", 100)

    assert (await enter(share, "other", "o1", 100)).done()
    assert not waiting.done()
    assert (share.jobs_waiting, share.total_under_way) == (1, 200)


async def test_room_is_given_in_the_order_of_arrival(enter):
    """What comes first goes first, also past one that would fit before it."""
    share = FairShare(100)
    await enter(share, "a", "running", 100)
    large, small = await enter(share, "a", "large", 90), await enter(share, "a", "small", 5)

    share.settled("running", open_items=50)
    await settle()
    assert not large.done()
    assert not small.done()

    share.settled("running", open_items=5)
    await settle()
    assert large.done()
    assert small.done()


async def test_a_job_larger_than_the_bound_goes_alone(enter):
    """No job is too large for ever."""
    share = FairShare(10)
    assert (await enter(share, "a", "huge", 100)).done()
    assert not (await enter(share, "a", "next", 1)).done()


async def test_hearing_of_the_same_items_again_frees_nothing_twice(enter):
    """Results are repeated after a crash; the room they leave is not."""
    share = FairShare(100)
    await enter(share, "a", "one", 60)
    await enter(share, "a", "two", 40)

    share.settled("one", open_items=30)
    share.settled("one", open_items=30)
    share.settled("unheard of", open_items=0)

    assert share.total_under_way == 70


async def test_with_its_partitions_everything_is_forgotten(enter):
    """What waits is let go of unanswered, and the next assignment begins with all its room."""
    share = FairShare(10)
    await enter(share, "a", "one", 10)
    waiting = await enter(share, "a", "two", 10)

    share.forget()
    await settle()

    assert waiting.cancelled()
    assert share.total_under_way == share.jobs_waiting == 0
    assert (await enter(share, "a", "three", 10)).done()
