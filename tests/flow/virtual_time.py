"""An event loop that never waits: when nobody has anything to do, it is the next moment at once.

Exact only while everything that is under way is in this process, and what is written to a socket
can be read in the same moment. So it is on a Unix socket, which is what ``network`` is made of.
"""

import asyncio
import contextlib
import selectors
from datetime import UTC, datetime, timedelta

from enrich_stream import clock

BEGIN = datetime(2026, 11, 25, 9, tzinfo=UTC)
_LITTLE = 1e-6


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its clock stands still while something happens, and jumps when nothing does."""

    def __init__(self):
        self.seconds = 0.0
        super().__init__(_Jumping(self))

    def time(self):
        return self.seconds


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        if timeout is None:  # no timer is set: only another thread can bring news
            return super().select(None)
        ready = super().select(0)
        if timeout > 0 and not ready:
            # A little more, as with every clock: rounding must not leave a timer just ahead.
            self._loop.seconds += timeout + _LITTLE
        return ready


def present():
    """The wall clock that goes with the running loop."""
    return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())


def pass_over(seconds):
    """Let so much time be over at once, without all that would have happened meanwhile."""
    asyncio.get_running_loop().seconds += seconds


def run(coroutine):
    """What the coroutine returns, with both clocks virtual."""
    with contextlib.ExitStack() as stack:
        wall, clock.present = clock.present, present
        stack.callback(setattr, clock, "present", wall)
        return stack.enter_context(asyncio.Runner(loop_factory=VirtualTimeLoop)).run(coroutine)
