"""Who gets the next place at the endpoint."""

import asyncio

import pytest

from enrich_stream.providers.endpoint.places import Places


@pytest.fixture
async def places():
    """One place, which is taken."""
    places = Places(1)
    assert await take(places)
    return places


async def take(places, *, goes_first=False, seconds=60.0):
    until = asyncio.get_running_loop().time() + seconds
    return await places.take(until, goes_first=goes_first)


async def waiting(places, **how):
    task = asyncio.create_task(take(places, **how))
    await asyncio.sleep(0)
    return task


async def test_whom_somebody_waits_for_goes_before_batches(places):
    """However many of a batch have come before; among themselves all keep their order."""
    order = []
    for name, goes_first in [("a", False), ("b", False), ("c", True), ("d", True)]:
        task = await waiting(places, goes_first=goes_first)
        task.add_done_callback(lambda _, name=name: order.append(name))

    for count in range(1, 5):
        places.give_back()
        async with asyncio.timeout(5):
            while len(order) < count:  # noqa: ASYNC110 - callbacks run a moment later
                await asyncio.sleep(0)

    assert order == ["c", "d", "a", "b"]


async def test_without_a_place_in_time_it_is_said(places):
    """And the place that comes free later goes to the next."""
    assert not await take(places, seconds=0.01)

    places.give_back()

    assert await take(places, seconds=0)


async def test_a_place_that_comes_to_who_has_given_up_is_not_lost(places):
    """A look-up that is cancelled in the moment in which its turn comes."""
    task = await waiting(places)
    places.give_back()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await take(places, seconds=0)
