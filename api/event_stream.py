"""Server-sent events of one job: a snapshot, each item once, and the end.

The id of an event is the set of the items that were sent up to it, so whoever resumes with
``Last-Event-ID`` gets the rest from any front door, none missing and none twice. Nothing is put
aside for a reader: what it has not seen is read when it can take it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import msgspec

from api.include import PLAIN, Include, items_of, shown_items
from api.job_body import poll_body
from api.job_row import JobView
from api.standby import Standby

RECONNECT_MILLISECONDS = 2_000
HEARTBEAT = b": still here\n\n"


async def job_events(
    standby: Standby,
    job_id: str,
    *,
    seen: int | None,
    include: frozenset[Include],
    heartbeat_seconds: float,
    may_go_on: Callable[[], bool],
) -> AsyncGenerator[bytes, None]:
    """The events of a job as they are written; ends when the job has, or is no longer kept.

    Args:
        standby: Where the job is read, and what wakes the stream.
        job_id: The job.
        seen: Set of the items that the reader has; None when it is new and gets a snapshot.
        include: What is shown with each item.
        heartbeat_seconds: After this long without an event a comment is sent.
        may_go_on: Asked before anything is sent; once it says no, the stream ends.
    """
    yield b"retry: %d\n\n" % RECONNECT_MILLISECONDS
    with standby.watch(job_id) as changed:
        while (view := standby.view(job_id)) and may_go_on():
            if seen is None:
                seen = 0
                yield _event("snapshot", seen, _state(standby, view))
            for index in _members(view.here & ~seen):
                seen |= 1 << index
                for item in items_of(standby, view, include, [index]):
                    yield _event("item", seen, {"index": index, "item": msgspec.Raw(item)})
            if view.is_complete:
                yield _event("done", seen, _state(standby, view))
                return
            if not await _changes_within(heartbeat_seconds, changed):
                yield HEARTBEAT


def _event(name: str, seen: int, content: dict[str, Any]) -> bytes:
    # JSON has no line breaks of its own, so it is one line of data.
    return b"event: %s\nid: %x\ndata: %s\n\n" % (name.encode(), seen, msgspec.json.encode(content))


def _state(standby: Standby, view: JobView) -> dict[str, Any]:
    """What a poll says, without the result: its items have events of their own."""
    body = poll_body(view, shown_items(standby, view, PLAIN))
    del body["result"]
    return body


def _members(items: int) -> Iterator[int]:
    return (index for index in range(items.bit_length()) if items >> index & 1)


async def _changes_within(seconds: float, changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return False
    changed.clear()
    return True
