"""Asks only for what is new: ETags and Last-Modified, and the answers they stand for.

GitHub does not count a question to which the answer is "as before" (304), and asks that nobody
polls more often than its ``X-Poll-Interval`` says; feeds ask for the same in good manners.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from cachetools import LRUCache

from enrich_stream.providers.client import CallOutcome, Endpoint, HttpClient, Reply
from enrich_stream.providers.client.reply import T

MAX_BYTES = 16 * 1024 * 1024
"""Of all answers kept by one worker for one platform."""

_CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, under which conditions it is asked for again, and until when it is not."""

    reply: Reply[Any]
    conditions: Mapping[str, str]
    fresh_until: float
    size: int


class ConditionalReader:
    """``HttpClient.get`` that remembers answers; the ones least used go first."""

    def __init__(
        self, *, max_bytes: int = MAX_BYTES, timer: Callable[[], float] = time.monotonic
    ) -> None:
        """Sets up.

        Args:
            max_bytes: How much is remembered.
            timer: The clock of poll intervals, in seconds.
        """
        self._timer = timer
        self._kept: LRUCache[str, _Kept] = LRUCache(max_bytes, getsizeof=lambda kept: kept.size)

    async def get(
        self,
        http: HttpClient,
        endpoint: Endpoint,
        path: str,
        shape: type[T],
        *,
        deadline: float,
        params: Mapping[str, str] | None = None,
    ) -> Reply[T]:
        """See ``HttpClient.get``; what is not modified comes as it came before.

        Where a reader serves several servers, ``path`` must be a whole URL.
        """
        key = f"{path}?{sorted((params or {}).items())}"
        kept = self._kept.get(key)
        if kept and self._timer() < kept.fresh_until:
            return replace(kept.reply, calls=0)
        reply = await http.get(
            endpoint,
            path,
            shape,
            deadline=deadline,
            params=params,
            headers=kept.conditions if kept else None,
        )
        if kept and reply.outcome is CallOutcome.NOT_MODIFIED:
            reply = replace(
                kept.reply, headers={**kept.reply.headers, **reply.headers}, calls=reply.calls
            )
        self._keep(key, reply)
        return reply

    def _keep(self, key: str, reply: Reply[Any]) -> None:
        if reply.body is None:
            return
        conditions = {
            asked: reply.headers[told]
            for told, asked in _CONDITIONS.items()
            if told in reply.headers
        }
        size = _size(reply.body)
        if conditions and size <= self._kept.maxsize:
            fresh_until = self._timer() + _poll_interval(reply.headers)
            self._kept[key] = _Kept(reply, conditions, fresh_until, size)


def _size(body: object) -> int:
    return len(body if isinstance(body, bytes) else msgspec.json.encode(body))


def _poll_interval(headers: Mapping[str, str]) -> float:
    seconds = headers.get("X-Poll-Interval", "")
    return min(float(seconds), 3600.0) if seconds.isdecimal() else 0.0
