"""When batches may begin something, beside people who wait."""

import asyncio

import pytest

from enrich_stream.right_of_way import (
    ABREAST,
    DUE_SECONDS,
    LONGEST_SECONDS,
    NEAR_SECONDS,
    SHARE_SECONDS,
    RightOfWay,
)

A_MOMENT = 0.001


class Clock:
    """Stands still until it is moved."""

    seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


def test_batches_give_way_for_a_moment_when_somebody_comes_by(clock):
    """So long, and no longer: a provider that is asked for who waits holds no batch up."""
    way = RightOfWay(clock)
    assert way.seconds_left() == 0
    way.pass_by()
    assert way.seconds_left() == pytest.approx(DUE_SECONDS)

    clock.seconds += DUE_SECONDS + A_MOMENT

    assert way.seconds_left() == 0


def test_a_third_of_the_time_is_left_to_batches_whoever_comes_by(clock):
    """Requests without end do not keep batches from going on."""
    way = RightOfWay(clock)
    moments = 10_000
    free = 0
    for _ in range(moments):
        way.pass_by()
        clock.seconds += A_MOMENT
        free += way.seconds_left() == 0

    share = SHARE_SECONDS / (SHARE_SECONDS + LONGEST_SECONDS)
    assert free / moments == pytest.approx(share, abs=0.02)


async def entered(way, count):
    """So many that want to begin something of a batch; each is done once it may."""
    tasks = [asyncio.create_task(way.enter(somebody_waits=False)) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_without_requests_nothing_lines_up(clock):
    """Batches among themselves begin all at once, also long after the last request."""
    way = RightOfWay(clock)
    await way.enter(somebody_waits=True)
    clock.seconds += NEAR_SECONDS

    assert all(task.done() for task in await entered(way, 100))


async def test_near_a_request_batches_begin_a_few_at_a_time(clock):
    """Whoever comes next must not meet a crowd; and none is left behind."""
    way = RightOfWay(clock)
    await way.enter(somebody_waits=True)
    clock.seconds += DUE_SECONDS + A_MOMENT

    tasks = await entered(way, 100)

    assert sum(task.done() for task in tasks) <= 3 * ABREAST
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)


async def test_who_gives_up_while_giving_way_holds_nobody_up():
    """A task that is cancelled in the line, for its partition has moved on, leaves it."""
    way = RightOfWay()
    way.pass_by()
    first, second = await entered(way, 2)
    first.cancel()

    async with asyncio.timeout(5):
        await second
    assert first.cancelled()
