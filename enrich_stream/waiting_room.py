"""Where persons wait whose providers had no room for them, without holding anything up."""

import asyncio
import contextlib
from datetime import datetime

from enrich_stream import clock

_LOOK_SECONDS = 60.0
"""How often the wall clock is looked at again: it may have been set meanwhile."""


class WaitingRoom:
    """Lets handlers of events wait for a moment, and sends them all away on a hand-over."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    async def until(self, moment: datetime) -> None:
        """Return at ``moment``; cancelled when the partitions are given up before."""
        while (left := (moment - clock.present()).total_seconds()) > 0:
            await self._wait(min(left, _LOOK_SECONDS))

    def forget(self) -> None:
        """The partitions are given up, and everything that waits with them."""
        for turn in self._waiting:
            turn.cancel()

    async def _wait(self, seconds: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(turn)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await turn
        finally:
            self._waiting.discard(turn)
