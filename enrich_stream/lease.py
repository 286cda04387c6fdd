"""How a worker notices that its partitions moved on without it.

A process that is stopped or starved for longer than its session is replaced by others, and does
not know. Whatever it had in hand when it wakes up, somebody else has in hand too. So it looks at
the clock before it writes anything, and after too long a gap it starts over from nothing. The
same when the group tells it, after its network was gone for so long.
"""

import asyncio
import os
import sys
from collections.abc import Callable

import structlog

from enrich_stream.clock import seconds_passed

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
        now: The clock.
    """

    def __init__(
        self,
        session_seconds: float,
        on_lost: Callable[[], None] = start_over,
        now: Callable[[], float] = seconds_passed,
    ) -> None:
        self._longest_gap = session_seconds * SHARE_OF_SESSION
        self._on_lost = on_lost
        self._now = now
        self._last_seen: float | None = None

    async def keep(self) -> None:
        """Look at the clock for as long as the process runs."""
        self._last_seen = self._now()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.check()
            self._last_seen = self._now()

    def check(self) -> None:
        """To be called before anything is written."""
        if self._last_seen is None:
            return
        gap = self._now() - self._last_seen
        if gap > self._longest_gap:
            self.lose(f"nothing ran for {gap:.1f} s")

    def lose(self, reason: str) -> None:
        """The partitions have moved on: what is in hand here must not be written any more."""
        log.error("worker.starts_over", reason=reason)
        self._on_lost()
