"""``GET /api/operations``: an organisation's jobs, newest first, a page at a time."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.caller import caller_of
from api.job_row import JobView
from api.problems import Fault, Problem
from api.public_url import public_url
from api.shown_job import plain_body
from api.standby import Standby
from enrich_stream.job import Status

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

_LIMITS = {str(limit) for limit in range(1, MAX_LIMIT + 1)}


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of which list is asked for.

    Attributes:
        limit: How many jobs at most.
        status: Only jobs in this state; None for all.
        cursor: The place of the last job of the page before; None for the first page.
    """

    limit: int
    status: Status | None
    cursor: str | None


async def list_operations(request: Request) -> Response:
    """``GET /api/operations``: a bare array of jobs, and in ``Link`` where the next page is."""
    page, standby = _page(request), request.state.standby
    places = standby.places(
        caller_of(request).organisation, page.status, page.cursor, page.limit + 1
    )
    shown = places[: page.limit]
    views = [standby.view(place.rpartition("/")[2]) for place in shown]
    headers = {"Cache-Control": "private, no-cache"}
    if len(places) > len(shown):
        headers["Link"] = f'<{_next_url(request, page, shown[-1])}>; rel="next"'
    body = _array(standby, [view for view in views if view is not None])
    return StreamingResponse(body, media_type="application/json", headers=headers)


def _page(request: Request) -> Page:
    """What the query asks for; raises ``Problem`` 400 with every fault of it."""
    query = request.query_params
    limit, status, cursor = query.get("limit"), query.get("status"), query.get("cursor")
    faults = [*_limit_faults(limit), *_status_faults(status), *_cursor_faults(cursor)]
    if faults:
        raise Problem(400, "Validation failed", faults)
    return Page(
        limit=DEFAULT_LIMIT if limit is None else int(limit),
        status=None if status is None else Status(status),
        cursor=cursor,
    )


def _limit_faults(limit: str | None) -> Iterator[Fault]:
    if limit is not None and limit not in _LIMITS:
        yield Fault("limit", f"limit must be an integer from 1 to {MAX_LIMIT}", "isInt")


def _status_faults(status: str | None) -> Iterator[Fault]:
    if status is not None and status not in set(Status):
        yield Fault("status", f"status must be one of {', '.join(Status)}", "isEnum")


def _cursor_faults(cursor: str | None) -> Iterator[Fault]:
    if cursor is not None and not _is_place(cursor):
        yield Fault("cursor", "cursor must be the one of a next link of this list", "isCursor")


def _is_place(cursor: str) -> bool:
    accepted_at, _, job_id = cursor.partition("/")
    try:
        datetime.fromisoformat(accepted_at)
    except ValueError:
        return False
    return bool(re.fullmatch(r"op_\w+", job_id, re.ASCII))


def _next_url(request: Request, page: Page, last: str) -> str:
    query = {"limit": str(page.limit), "status": page.status, "cursor": last}
    given = {name: value for name, value in query.items() if value is not None}
    return public_url(request, f"{request.url.path}?{urlencode(given)}")


async def _array(standby: Standby, views: Sequence[JobView]) -> AsyncIterator[bytes]:
    """The jobs as JSON, each made when it is sent: a page may be larger than should be held."""
    yield b"["
    for place, view in enumerate(views):
        await asyncio.sleep(0)  # for the others, as the server may take all without a pause
        yield (b"," if place else b"") + plain_body(standby, view)
    yield b"]"
