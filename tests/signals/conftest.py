"""What the tests of signals start from."""

import contextlib
from datetime import timedelta

import pytest
from loopback import FastClock, serving
from signal_samples import NOW

from enrich_stream import clock as wall_clock


@pytest.fixture
def clock(monkeypatch):
    """A clock that need not wait; the time of day is ``NOW``, and moves on with it."""
    made = FastClock()
    monkeypatch.setattr(wall_clock, "present", lambda: NOW + timedelta(seconds=made.ahead))
    monkeypatch.setattr(made, "wall", lambda: wall_clock.present().timestamp())
    return made


@pytest.fixture
async def serve():
    """Puts a fake platform on the loopback and makes a started source of it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(fake, clock):
            fake.url = await stack.enter_async_context(serving(fake.serve))
            source = fake.source(clock)
            await source.start()
            stack.push_async_callback(source.stop)
            return source

        yield start
