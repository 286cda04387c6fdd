"""People who wait have the right of way: batches begin nothing while a request of theirs is due.

Both lanes share a worker's event loop. A synchronous request shows up in it for a moment at each
of its stations: when it is split, when its person is looked up, when the answer is there. After
these moments batches begin nothing new, and later a few things at a time, so that whoever comes
next meets no crowd. While a provider is asked for who waits, batches go on.

Nothing is counted, there is only a clock: whatever becomes of a request, batches go on.
"""

import asyncio
from collections.abc import Callable

DUE_SECONDS = 0.03
"""Within this a request gets from one of its stations to the next."""
LONGEST_SECONDS = 0.1
"""Batches give way for no longer, whoever comes by meanwhile."""
SHARE_SECONDS = 0.05
"""Then they may go on for so long at least: a third of the time is always theirs."""
NEAR_SECONDS = 10.0
"""After this without a request batches no longer line up."""
ABREAST = 4
"""So many begin at a time when they do."""


class RightOfWay:
    """Says when batches may begin something.

    Args:
        now: The clock; that of the running event loop unless given.
    """

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._near_until = 0.0
        self._closed_at = 0.0
        self._closed_until = 0.0
        self._line = asyncio.Semaphore(ABREAST)

    def pass_by(self) -> None:
        """A request of somebody who waits is at one of its stations now."""
        now = self._now()
        self._near_until = now + NEAR_SECONDS
        if now >= self._closed_until + SHARE_SECONDS:
            self._closed_at = now
        longest = self._closed_at + LONGEST_SECONDS
        self._closed_until = max(self._closed_until, min(now + DUE_SECONDS, longest))

    def seconds_left(self) -> float:
        """For how long batches should begin nothing; 0 when they may."""
        return max(0.0, self._closed_until - self._now())

    async def enter(self, *, somebody_waits: bool) -> None:
        """To be awaited before anything is begun, by either lane."""
        if somebody_waits:
            self.pass_by()
        elif self._now() < self._near_until:
            async with self._line:
                await self._give_way()

    async def _give_way(self) -> None:
        latest = self._now() + LONGEST_SECONDS
        while (seconds := min(self.seconds_left(), latest - self._now())) > 0:  # noqa: ASYNC110 - the clock says when
            await asyncio.sleep(seconds)
        # What is ready comes first, before the next in line.
        await asyncio.sleep(0)
