"""Counts how often a key asks: in this process, or in Redis for all front doors together."""

import asyncio
import time

import msgspec
import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import BlockingConnectionPool, ConnectionPool

from enrich_stream.errors import SetupError

log = structlog.get_logger(__name__)

SHARED_COUNT_SECONDS = 0.5
"""How long Redis may hold up a request."""
CONNECTIONS = 32
"""To Redis, of one front door; a count that finds none free waits."""
ALONE_SECONDS = 5.0
"""How long this front door counts by itself before it asks Redis again."""


class Standing(msgspec.Struct, frozen=True):
    """What is left of a limit.

    Attributes:
        is_within: Whether the request that was counted may go on.
        limit: Requests a minute.
        remaining: How many more there may be now.
        reset_seconds: Until there may be more.
    """

    is_within: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """In both spellings that clients look for."""
        limit, remaining, reset = (
            b"%d" % self.limit,
            b"%d" % self.remaining,
            b"%d" % self.reset_seconds,
        )
        return [
            (b"ratelimit-limit", limit),
            (b"ratelimit-remaining", remaining),
            (b"ratelimit-reset", reset),
            (b"x-ratelimit-limit", limit),
            (b"x-ratelimit-remaining", remaining),
            (b"x-ratelimit-reset", reset),
        ]


class RateLimiter:
    """Sliding windows of a minute, one for each bucket and key."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._pool = _pool(redis_url) if redis_url else None
        self._shared = _shared_counter(self._pool) if self._pool else None
        self._alone_until = 0.0

    async def close(self) -> None:
        """Disconnect from Redis."""
        if self._pool is not None:
            await self._pool.aclose()

    async def count(self, bucket: str, key_id: str, limit: int) -> Standing:
        """Count one request of a key, unless it is over the limit."""
        if self._shared is not None and self._alone_until <= time.monotonic():
            try:
                async with asyncio.timeout(SHARED_COUNT_SECONDS):
                    return await _count(self._shared, bucket, key_id, limit)
            except (TimeoutError, OSError, StorageError) as error:
                # To refuse everybody because Redis is away would be the greater harm.
                log.warning("rate_limit.counting_alone", error=type(error).__name__)
                self._alone_until = time.monotonic() + ALONE_SECONDS
        return await _count(self._own, bucket, key_id, limit)


async def _count(
    counter: SlidingWindowCounterRateLimiter, bucket: str, key_id: str, limit: int
) -> Standing:
    item = RateLimitItemPerMinute(limit)
    is_within = await counter.hit(item, bucket, key_id)
    window = await counter.get_window_stats(item, bucket, key_id)
    return Standing(
        is_within=is_within,
        limit=item.amount,
        # A part of a request may be left, which is none.
        remaining=window.remaining if is_within else 0,
        reset_seconds=max(1, int(window.reset_time - time.time()) + 1),
    )


def _pool(redis_url: str) -> ConnectionPool:
    try:
        return BlockingConnectionPool.from_url(
            redis_url, max_connections=CONNECTIONS, timeout=SHARED_COUNT_SECONDS
        )
    except ValueError:
        # Its own message may repeat the URL, which may hold a password.
        raise SetupError("ENRICH_REDIS_URL must look like redis://host:port/0") from None


def _shared_counter(pool: ConnectionPool) -> SlidingWindowCounterRateLimiter:
    # The address is the pool's.
    storage = RedisStorage(
        "async+redis://",
        wrap_exceptions=True,
        implementation="redispy",
        connection_pool=pool,  # type: ignore[arg-type] # documented; its types know only plain options
    )
    return SlidingWindowCounterRateLimiter(storage)
