"""Counts requests in this process as the library ``limits`` counts them in Redis.

The library can do this too, but it is made for stores that are elsewhere: its counts in memory
cost a request more than everything else on its way.
"""

import math
import time

import msgspec

MINUTE = 60


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


class SlidingWindow:
    """A window of a minute over the requests of each name.

    It is this minute's count, and of the last one's so much as the window still reaches back into
    it. Of older minutes, and so of who asks no more, nothing is kept.
    """

    def __init__(self) -> None:
        self._minute = 0
        self._last: dict[str, int] = {}
        self._this: dict[str, int] = {}

    def count(self, name: str, limit: int) -> Standing:
        """Count one request, unless it is over the limit."""
        now = time.time()
        self._turn_to(int(now // MINUTE))
        left = MINUTE - now % MINUTE
        last, this = self._last.get(name, 0), self._this.get(name, 0)
        weight = last * left / MINUTE
        is_within = math.floor(weight + this) < limit
        if is_within:
            this += 1
            self._this[name] = this
        return Standing(
            is_within=is_within,
            limit=limit,
            # A part of a request may be left, which is none.
            remaining=max(0, limit - math.floor(weight + this)) if is_within else 0,
            reset_seconds=int(_until_there_is_more(left, last, this)) + 1,
        )

    def _turn_to(self, minute: int) -> None:
        if minute != self._minute:
            self._last = self._this if minute == self._minute + 1 else {}
            self._this = {}
            self._minute = minute


def _until_there_is_more(left: float, last: int, this: int) -> float:
    """Seconds until one of the last minute's requests has left the window, or this minute ends."""
    one_leaves = left % (MINUTE / last) if last else math.inf
    return min(one_leaves, left % MINUTE if this else math.inf)
