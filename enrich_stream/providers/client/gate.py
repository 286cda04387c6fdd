"""Whether a call may go now: parked, left alone, in its turn, within its limits."""

import asyncio
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

LEFT_ALONE = "failed too often and is left alone"
OWN_LIMIT = "no room in its limits in time"

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
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(concurrency)
        )

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
        async with self._slots[endpoint.name]:
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
            patience = max(0.0, deadline - self._clock.now() - LEAST_SECONDS)
            wait = await self._limits.reserve(key, endpoint.rates, patience)
            if wait > patience:
                retry_at = self._clock.wall() + wait
                return Reply(outcome=CallOutcome.RATE_LIMITED, reason=OWN_LIMIT, retry_at=retry_at)
            if wait <= 0:
                return None
            await self._clock.sleep(wait)
            # The provider may meanwhile have told another call to wait longer.
            if not await self._limits.held(key):
                return None

    def _park(self, reply: Reply[T], wall: float) -> Reply[T]:
        seconds = self._parked_seconds
        if wall >= self._parked.until:  # calls side by side are refused one after the other
            log.error("provider.parked", provider=self._name, reason=reply.reason, seconds=seconds)
        self._parked = Condition(reply.outcome, reply.reason, wall + seconds)
        return replace(reply, retry_at=self._parked.until)

    def _key(self, endpoint: Endpoint) -> str:
        return f"{self._name}:{endpoint.name}"
