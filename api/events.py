"""``GET /api/enrichments/{id}/events``: a running job as a stream of server-sent events.

A reader that takes nothing is held up by nobody but itself: its events wait in the copy, not in
memory, and its connection is ended after ``ENRICH_SEND_TIMEOUT_SECONDS``.
"""

import contextlib
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.auth import is_still_welcome
from api.caller import caller_of
from api.event_stream import job_events
from api.include import included
from api.job_row import JobView
from api.own_job import own_job
from api.problems import Problem
from api.standby import Standby
from enrich_stream.settings import Settings

HEADERS = {
    "Cache-Control": "no-store",
    # Proxies of the nginx kind would otherwise collect events and pass them on late.
    "X-Accel-Buffering": "no",
}
MEDIA_TYPE = "text/event-stream"
RETRY_AFTER_SECONDS = 5


class OpenStreams:
    """How many streams each organisation has open on this front door."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def count(self, organisation: str) -> int:
        """How many an organisation has open."""
        return self._open[organisation]

    def check_room(self, organisation: str, limit: int) -> None:
        """Raise ``Problem`` 429 when one more would be too many."""
        if self.count(organisation) >= limit:
            raise Problem(
                429,
                f"You have {limit} event streams open; more are not served at once.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )

    @contextlib.contextmanager
    def hold(self, organisation: str) -> Iterator[None]:
        """Count one while it is open."""
        self._open[organisation] += 1
        try:
            yield
        finally:
            self._open[organisation] -= 1
            self._open += Counter()  # lets go of those that have none


async def stream_events(request: Request) -> Response:
    """``GET /api/enrichments/{id}/events``: the job's events until it has ended."""
    settings: Settings = request.state.settings
    include, view = included(request), await own_job(request)
    seen = _seen(request.headers.get("Last-Event-ID"), view)
    organisation = caller_of(request).organisation
    streams: OpenStreams = request.state.open_streams
    streams.check_room(organisation, settings.organisation_event_streams)
    if request.method == "HEAD":
        return Response(media_type=MEDIA_TYPE, headers=HEADERS)
    standby: Standby = request.state.standby
    events = job_events(
        standby,
        view.id,
        seen=seen,
        include=include,
        heartbeat_seconds=settings.heartbeat_seconds,
        may_go_on=lambda: is_still_welcome(request) and not standby.is_dismissing,
    )
    return _EventStreamResponse(events, streams.hold(organisation))


def _seen(last_event_id: str | None, view: JobView) -> int | None:
    """Set of the items that the reader has; None when it has read no event yet."""
    if last_event_id is None:
        return None
    if re.fullmatch(r"[0-9a-f]{1,64}", last_event_id):
        seen = int(last_event_id, 16)
        if seen.bit_length() <= view.header.job.total:
            return seen
    raise Problem(400, "Last-Event-ID must be the id of an event of this job.")


class _EventStreamResponse(StreamingResponse):
    """Counts as open while it is sent, and ends its events with it, whoever ends it."""

    def __init__(
        self, events: AsyncGenerator[bytes, None], slot: contextlib.AbstractContextManager[None]
    ) -> None:
        super().__init__(events, media_type=MEDIA_TYPE, headers=HEADERS)
        self._events, self._slot = events, slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._slot:
            async with contextlib.aclosing(self._events):
                await super().__call__(scope, receive, send)
