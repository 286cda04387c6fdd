"""Keeps to rates: every call takes a place in time, in the order in which they asked.

A call is not let through or refused but given the moment at which all its windows have room, so
that waiters neither race for it nor starve. No library that was tried keeps several windows exactly
in one step and says how long to wait; written down it is a list of moments.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Protocol

from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.rates import Rate

MARGIN_SECONDS = 0.1
"""Added to every window: two calls never take the same time on their way to the provider."""


class Limits(Protocol):
    """Where the moments of calls are kept. A key names one endpoint of one provider."""

    async def reserve(self, key: str, rates: Sequence[Rate], patience: float) -> float:
        """Take the next place.

        Args:
            key: Whose places.
            rates: The windows it must fit in.
            patience: Seconds that the caller can wait.

        Returns:
            Seconds until that place. When they are more than ``patience``, none was taken.
        """
        ...

    async def hold(self, key: str, seconds: float) -> None:
        """Give no place for so long: the provider said so."""
        ...

    async def held(self, key: str) -> float:
        """For how many seconds no place is given."""
        ...


class MemoryLimits:
    """The limits of one worker. They begin anew with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)
        self._held: dict[str, float] = {}

    async def reserve(self, key: str, rates: Sequence[Rate], patience: float) -> float:
        """See ``Limits``."""
        now, taken = self._clock.now(), self._taken[key]
        at = max(now, self._held.get(key, now))
        for rate in rates:
            if len(taken) >= rate.limit:
                at = max(at, taken[-rate.limit] + rate.seconds + MARGIN_SECONDS)
        if at - now <= patience and rates:
            taken.append(at)
            if len(taken) > max(rate.limit for rate in rates):
                taken.popleft()
        return at - now

    async def hold(self, key: str, seconds: float) -> None:
        """See ``Limits``."""
        until = self._clock.now() + seconds
        self._held[key] = max(until, self._held.get(key, until))

    async def held(self, key: str) -> float:
        """See ``Limits``."""
        now = self._clock.now()
        return max(0.0, self._held.get(key, now) - now)
