"""How a worker notices that it was frozen while its partitions moved on.

A process that is stopped or starved for longer than its session is replaced by others, and does
not know. Whatever it had in hand when it wakes up, somebody else has in hand too. So it looks at
the clock before it writes anything, and after too long a gap it starts over from nothing.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_TICK_SECONDS = 0.25
SHARE_OF_SESSION = 0.75
"""The last heartbeat was up to a quarter of the session before the gap began."""


def start_over() -> None:
    """Replace this process by a fresh one of the same command; what was in hand comes again."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command


class Lease:
    """The time for which nobody else can have this worker's partitions.

    Args:
        session_seconds: After this long without a sign of life the partitions move on.
        on_lost: What to do then; it must not return to work as before.
    """

    def __init__(self, session_seconds: float, on_lost: Callable[[], None] = start_over) -> None:
        self._longest_gap = session_seconds * SHARE_OF_SESSION
        self._on_lost = on_lost
        self._last_seen: float | None = None

    async def keep(self) -> None:
        """Look at the clock for as long as the process runs."""
        self._last_seen = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.check()
            self._last_seen = time.monotonic()

    def check(self) -> None:
        """To be called before anything is written."""
        if self._last_seen is None:
            return
        gap = time.monotonic() - self._last_seen
        if gap > self._longest_gap:
            log.error("worker.was_frozen", seconds=round(gap, 1))
            self._on_lost()
