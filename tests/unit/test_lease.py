"""How a worker notices that its partitions moved on without it."""

import asyncio

import pytest

from enrich_stream.lease import Lease


class Clock:
    """Seconds as the tests set them."""

    at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def kept(clock):
    """A lease of 10 seconds that is being kept, and the times it was lost."""
    lost = []
    lease = Lease(10.0, on_lost=lambda: lost.append(clock.at), now=clock)
    keeping = asyncio.create_task(lease.keep())
    await asyncio.sleep(0)
    yield lease, lost
    keeping.cancel()


async def test_a_gap_shorter_than_the_session_is_nothing(kept, clock):
    """A busy moment is no reason to start over."""
    lease, lost = kept
    clock.at += 7.0
    lease.check()
    assert lost == []


async def test_after_a_gap_as_long_as_the_session_nothing_is_written(kept, clock):
    """The first thing after waking up is to start over."""
    lease, lost = kept
    clock.at += 8.0
    lease.check()
    assert lost == [108.0]


async def test_before_there_are_partitions_there_is_nothing_to_lose(clock):
    """A slow start is no lost lease."""
    lost = []
    lease = Lease(10.0, on_lost=lambda: lost.append(clock.at), now=clock)
    clock.at += 60.0
    lease.check()
    assert lost == []
