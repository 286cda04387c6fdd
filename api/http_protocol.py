"""HTTP below the application: what cannot become a request is answered in the contract's shape.

uvicorn answers broken HTTP in plain text, and bounds neither the size of a request's head nor the
time that a client may take: one that sends a byte now and then, or reads none, would hold its
connection for ever.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.joined_writes import JoinedWrites
from api.problems import Problem, problem_body
from api.request_id import new_request_id
from api.security_headers import SECURITY_HEADERS
from enrich_stream.settings import Settings


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with bounds for the head of a request, its first line and its headers."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._most = settings.max_head_bytes
        self._seconds = settings.head_timeout_seconds
        self._is_in_head = False
        self._is_too_large = False
        self._is_refused = False
        self._head_bytes = 0
        self._pending_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_seconds = settings.send_timeout_seconds
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        # It has whatever a transport has, which its types do not know.
        self.transport = JoinedWrites(transport, self.loop)  # type: ignore[assignment]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        self._stop_minding()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give a client that does not read some time to begin, before it is dropped."""
        super().pause_writing()
        self._send_timer = self.loop.call_later(self._send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        self._stop_minding()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; of a head that does not end, no more than there may be."""
        if self._is_refused:
            return
        was_in_head = self._is_in_head
        if self._head_timer is None and not self._is_answering:
            self._await_head()
        super().data_received(data)
        if was_in_head and self._is_in_head and not self._is_refused:
            # A header that does not end is not counted as a header yet.
            self._pending_bytes += len(data)
            if self._pending_bytes > self._most:
                self._refuse_size()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_in_head, self._head_bytes, self._pending_bytes = True, 0, 0
        if self._head_timer is None:
            self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the first line."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Begin the request."""
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it."""
        if self._is_too_large:
            self._refuse_size()
        else:
            self._refuse(Problem(400, msg))

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._most:
            self._is_too_large = True
            raise ValueError  # the parser's way to stop; it ends in send_400_response

    @property
    def _is_answering(self) -> bool:
        # None until the first request, which its types do not know.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_minding(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _give_up(self) -> None:
        if self._is_answering:
            self._await_head()
        elif self._is_in_head and not self._is_refused:
            self._refuse(Problem(408, "The request did not arrive in time."))
        else:
            self.transport.close()

    def _refuse_size(self) -> None:
        self._refuse(Problem(431, f"Request line and headers are larger than {self._most} bytes."))

    def _refuse(self, problem: Problem) -> None:
        self._is_refused = True
        if self._is_answering:  # there is no place for a second answer in the middle of the first
            self.transport.close()
            return
        self.transport.write(_answer(problem))
        # Closing at once would tell a client that is still sending nothing but "reset".
        self.transport.write_eof()
        self._stop_waiting()
        self._await_head()


def _answer(problem: Problem) -> bytes:
    request_id = new_request_id()
    body = msgspec.json.encode(problem_body(problem, "", request_id))
    headers = {
        **SECURITY_HEADERS,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-Id": request_id,
    }
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
