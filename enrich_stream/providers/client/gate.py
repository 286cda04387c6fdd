"""Whether a call may go now: parked, left alone, in its turn, within its limits."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from enrich_stream.providers.client.breaker import Breaker
from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.dialect import Dialect
from enrich_stream.providers.client.limits import Limits
from enrich_stream.providers.client.rates import Endpoint
from enrich_stream.providers.client.reply import CallOutcome, Reply, T
from enrich_stream.providers.client.resets import seconds_until_refilled
from enrich_stream.providers.client.turns import Turns

LEFT_ALONE = "failed too often and is left alone"
OWN_LIMIT = "no room in its limits in time"

NO_TURN = "busy with other calls"

ROOM_SECONDS = 2.0
"""How long a call waits for its turn and its place in the limits. Whoever needs a provider that is
slow or full would otherwise fill the worker, and hold up those who do not need it."""
MINUTE = 60
SPREAD_SECONDS = 600.0
"""Who is put off comes again one after the other, but nobody later than this for that alone."""
LEAST_SECONDS = 0.5
"""No call waits for its turn until later than this before its deadline: it would hardly be
answered, but charged."""

_PARKING = {CallOutcome.OUT_OF_CREDITS, CallOutcome.BAD_KEY}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a provider can be asked now, for operators to see.

    Attributes:
        outcome: ``found`` when it can; otherwise what asking it would come to.
        reason: Why it cannot.
        until: When it is tried again, in seconds since the epoch.
    """

    outcome: CallOutcome = CallOutcome.FOUND
    reason: str = ""
    until: float = 0.0


class Gate:
    """The gate before one provider, and what is learned from the replies that come back."""

    def __init__(
        self,
        name: str,
        *,
        limits: Limits,
        breaker: Breaker,
        dialect: Dialect,
        concurrency: int,
        parked_seconds: float,
        clock: Clock,
    ) -> None:
        self._name = name
        self._limits = limits
        self._breaker = breaker
        self._dialect = dialect
        self._parked_seconds = parked_seconds
        self._clock = clock
        self._parked = Condition()
        self._promised: dict[str, float] = {}
        self._turns: defaultdict[str, Turns] = defaultdict(lambda: Turns(concurrency, clock))

    @property
    def condition(self) -> Condition:
        """Whether the provider can be asked now."""
        wall = self._clock.wall()
        if wall < self._parked.until:
            return self._parked
        seconds = self._breaker.open_for()
        if seconds:
            return Condition(CallOutcome.UPSTREAM_ERROR, LEFT_ALONE, wall + seconds)
        return Condition()

    @asynccontextmanager
    async def turn(self, endpoint: Endpoint, deadline: float) -> AsyncIterator[Reply[Any] | None]:
        """Wait for the turn of a call; inside, a reply says why it must not be made."""
        if refused := self._refused():
            yield refused
            return
        async with self._turns[endpoint.name].turn(self._patience(deadline)) as has_come:
            if not has_come:
                yield self._put_off(endpoint, NO_TURN, ROOM_SECONDS)
                return
            # Again: much can have become known while this one waited.
            yield self._refused() or await self._out_of_limits(endpoint, deadline)

    async def learn(self, endpoint: Endpoint, reply: Reply[T]) -> Reply[T]:
        """Draw the conclusions from a reply that hold for other calls too; returns it with them."""
        wall = self._clock.wall()
        if reply.outcome in _PARKING:
            return self._park(reply, wall)
        if reply.outcome is CallOutcome.RATE_LIMITED and reply.retry_at is not None:
            log.info("provider.rate_limited", provider=self._name, endpoint=endpoint.name)
            await self._limits.hold(self._key(endpoint), reply.retry_at - wall)
        else:
            seconds = seconds_until_refilled(reply.headers, wall, self._dialect.windows)
            if seconds:
                await self._limits.hold(self._key(endpoint), seconds)
        return reply

    def _refused(self) -> Reply[Any] | None:
        now = self.condition
        if now.outcome is CallOutcome.FOUND:
            return None
        return Reply(outcome=now.outcome, reason=now.reason, retry_at=now.until)

    async def _out_of_limits(self, endpoint: Endpoint, deadline: float) -> Reply[Any] | None:
        """Wait until the limits let a call through; a reply when that is too late."""
        key = self._key(endpoint)
        while True:
            patience = self._patience(deadline)
            wait = await self._limits.reserve(key, endpoint.rates, patience)
            if wait > patience:
                return self._put_off(endpoint, OWN_LIMIT, wait)
            if wait <= 0:
                return None
            await self._clock.sleep(wait)
            # The provider may meanwhile have told another call to wait longer.
            if not await self._limits.held(key):
                return None

    def _patience(self, deadline: float) -> float:
        return min(ROOM_SECONDS, max(0.0, deadline - self._clock.now() - LEAST_SECONDS))

    def _put_off(self, endpoint: Endpoint, reason: str, wait: float) -> Reply[Any]:
        """Who is put off is told a moment of its own, at the pace at which there is room."""
        key, soonest = self._key(endpoint), self._clock.wall() + wait
        next_one = self._promised.get(key, 0.0) + self._pace(endpoint)
        self._promised[key] = at = min(max(soonest, next_one), soonest + SPREAD_SECONDS)
        return Reply(outcome=CallOutcome.RATE_LIMITED, reason=reason, retry_at=at)

    def _pace(self, endpoint: Endpoint) -> float:
        """Seconds from one call to the next, as the limits and the provider's speed have it."""
        # Longer windows say how many there may be, not how quickly they follow each other.
        short = (rate.seconds / rate.limit for rate in endpoint.rates if rate.seconds <= MINUTE)
        return max(self._turns[endpoint.name].seconds_apart, *short, 0.0)

    def _park(self, reply: Reply[T], wall: float) -> Reply[T]:
        seconds = self._parked_seconds
        if wall >= self._parked.until:  # calls side by side are refused one after the other
            log.error("provider.parked", provider=self._name, reason=reply.reason, seconds=seconds)
        self._parked = Condition(reply.outcome, reply.reason, wall + seconds)
        return replace(reply, retry_at=self._parked.until)

    def _key(self, endpoint: Endpoint) -> str:
        return f"{self._name}:{endpoint.name}"
