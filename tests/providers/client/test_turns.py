"""Turns: so many calls at once, and nobody waits for one that cannot come in time."""

import asyncio
import contextlib

import pytest
from loopback import SECONDS, FastClock

from enrich_stream.providers.client.turns import Turns

PATIENCE = 2.0


@pytest.fixture
def clock():
    return FastClock()


@contextlib.asynccontextmanager
async def taken(turns, times):
    """Inside, so many turns are taken."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(times):
            assert await stack.enter_async_context(turns.turn(PATIENCE))
        yield


async def waiting(turns, patience=SECONDS):
    """Somebody who waits for a turn, whether in vain."""

    async def wait():
        async with turns.turn(patience) as has_come:
            return has_come

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


async def test_a_turn_comes_when_one_before_has_ended(clock):
    """In the order of asking."""
    turns = Turns(1, clock)
    async with taken(turns, 1):
        one, other = await waiting(turns), await waiting(turns)
        assert not one.done()
    assert await one
    assert await other


async def test_who_gets_no_turn_in_time_is_told(clock):
    """And takes none away from those who wait on."""
    turns = Turns(1, clock)
    async with taken(turns, 1):
        patient, impatient = await waiting(turns), await waiting(turns, 0.01)
        assert not await impatient
    assert await patient


async def test_nobody_waits_behind_more_than_can_be_through_in_time(clock):
    """Calls take 10 s, two at once: with one in line already there is no hope within 2 s."""
    turns = Turns(2, clock)
    async with taken(turns, 2):
        clock.ahead += 10
    async with taken(turns, 2):
        in_line = await waiting(turns)
        async with asyncio.timeout(PATIENCE / 2), turns.turn(PATIENCE) as has_come:
            assert not has_come
    assert await in_line


async def test_calls_under_way_show_that_a_provider_has_become_slow(clock):
    """Before the first of them has ended; until then it was quick."""
    turns = Turns(1, clock)
    async with taken(turns, 1):
        clock.ahead += 0.01
    async with taken(turns, 1):
        in_line = await waiting(turns)
        clock.ahead += 10
        async with turns.turn(PATIENCE) as has_come:
            assert not has_come
    assert await in_line


async def test_the_pace_is_that_of_the_calls(clock):
    """A guess before the first, then theirs, the last ones most."""
    turns = Turns(2, clock)
    assert turns.seconds_apart == 0.5
    for seconds in (10, 20):
        async with turns.turn(PATIENCE):
            clock.ahead += seconds
    assert turns.seconds_apart == pytest.approx(5.5, abs=0.01)
