"""The turns of calls to one endpoint: so many at once, and who gets none in time is told so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from enrich_stream.providers.client.clock import Clock

FIRST_SECONDS = 1.0
"""How long a call takes, as long as none has shown it."""
NEW_SHARE = 0.1
"""The share of the last call in the mean."""


class Turns:
    """The turns at one endpoint.

    Args:
        concurrency: How many calls may be under way at once.
        clock: Measures how long they take.
    """

    def __init__(self, concurrency: int, clock: Clock) -> None:
        self._concurrency = concurrency
        self._clock = clock
        self._slots = asyncio.Semaphore(concurrency)
        self._waiting = 0
        self._under_way: list[float] = []
        self._mean: float | None = None

    @property
    def seconds_apart(self) -> float:
        """From the end of one call to that of the next while all turns are taken."""
        return (FIRST_SECONDS if self._mean is None else self._mean) / self._concurrency

    @asynccontextmanager
    async def turn(self, patience: float) -> AsyncIterator[bool]:
        """Wait so many seconds for a turn; inside, whether it has come."""
        if not await self._has_come(patience):
            yield False
            return
        began = self._clock.now()
        self._under_way.append(began)
        try:
            yield True
        finally:
            self._slots.release()
            self._under_way.remove(began)
            self._learn(self._clock.now() - began)

    async def _has_come(self, patience: float) -> bool:
        if self._foreseen() > patience:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(patience):
                return await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def _foreseen(self) -> float:
        """How long the last of those who wait will wait, as far as can be told now."""
        # A provider that has become slow shows it in the calls under way before any has ended.
        oldest = self._clock.now() - self._under_way[0] if self._under_way else 0.0
        return self._waiting * max(self._mean or 0.0, oldest) / self._concurrency

    def _learn(self, seconds: float) -> None:
        mean = seconds if self._mean is None else self._mean
        self._mean = mean + (seconds - mean) * NEW_SHARE
