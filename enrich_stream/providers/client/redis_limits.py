"""The limits of all workers together, kept in Redis; see ``limits``."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.limits import MARGIN_SECONDS, Limits
from enrich_stream.providers.client.rates import Rate

PREFIX = "enrich-stream:limits:"

ANSWER_SECONDS = 1.0
"""How long Redis may hold up a call."""
ALONE_SECONDS = 5.0
"""How long a worker counts by itself before it asks Redis again."""

_RESERVE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local at = now + math.max(0, redis.call('PTTL', KEYS[2]))
local most, longest = 0, 0
for i = 2, #ARGV, 2 do
  local limit, period = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local taken = redis.call('LINDEX', KEYS[1], -limit)
  if taken then at = math.max(at, tonumber(taken) + period) end
  most, longest = math.max(most, limit), math.max(longest, period)
end
if at - now <= tonumber(ARGV[1]) and most > 0 then
  redis.call('RPUSH', KEYS[1], string.format('%.3f', at))
  redis.call('LTRIM', KEYS[1], -most, -1)
  redis.call('PEXPIRE', KEYS[1], math.ceil(at - now + longest))
end
return string.format('%.3f', at - now)
"""
"""One step for Redis, by its own clock: those of the workers may differ. In milliseconds."""

_HOLD = """
local span = tonumber(ARGV[1])
if span > redis.call('PTTL', KEYS[1]) then redis.call('SET', KEYS[1], '1', 'PX', span) end
"""

log = structlog.get_logger(__name__)


class RedisLimits:
    """Places that all workers take from the same list.

    Without Redis each worker keeps to the limits by itself, and providers refuse what is too much:
    that costs time, while stopping would cost answers.
    """

    def __init__(self, url: str, alone: Limits, clock: Clock) -> None:
        """Sets up; nothing is connected before the first call.

        Args:
            url: Of the Redis server, for example ``redis://127.0.0.1:6379/0``.
            alone: Kept to while Redis does not answer.
            clock: Says when to try Redis again.
        """
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self._reserve = self._redis.register_script(_RESERVE)
        self._hold = self._redis.register_script(_HOLD)
        self._alone = alone
        self._clock = clock
        self._alone_until: float | None = None

    async def reserve(self, key: str, rates: Sequence[Rate], patience: float) -> float:
        """See ``Limits``."""
        windows = [
            number
            for rate in rates
            for number in (rate.limit, round((rate.seconds + MARGIN_SECONDS) * 1000))
        ]
        asking = partial(self._reserve, keys=_keys(key), args=[patience * 1000, *windows])
        wait = await self._asked(asking)
        if wait is None:
            return await self._alone.reserve(key, rates, patience)
        return float(wait) / 1000

    async def hold(self, key: str, seconds: float) -> None:
        """See ``Limits``."""
        await self._alone.hold(key, seconds)
        span = max(1, round(seconds * 1000))
        await self._asked(partial(self._hold, keys=_keys(key)[1:], args=[span]))

    async def held(self, key: str) -> float:
        """See ``Limits``."""
        milliseconds = await self._asked(partial(self._redis.pttl, _keys(key)[1]))
        if milliseconds is None:
            return await self._alone.held(key)
        return max(0.0, float(milliseconds) / 1000)

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()

    async def _asked(self, asking: Callable[[], Any]) -> Any:
        """What Redis answers; None while it does not, and for a while after."""
        if self._alone_until is not None and self._clock.now() < self._alone_until:
            return None
        try:
            answer = await asking()
        except RedisError as error:
            if self._alone_until is None:
                log.warning("limits.not_shared", error=type(error).__name__)
            self._alone_until = self._clock.now() + ALONE_SECONDS
            return None
        if self._alone_until is not None:
            log.info("limits.shared_again")
            self._alone_until = None
        return answer


def _keys(key: str) -> list[str]:
    # In braces, so that a cluster keeps both at one node.
    return [f"{PREFIX}{{{key}}}:taken", f"{PREFIX}{{{key}}}:held"]
