"""How large a request's body may be, and how long it may take to arrive."""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem_response
from enrich_stream.settings import Settings

_WITH_BODY = frozenset({b"content-length", b"content-type", b"transfer-encoding"})
"""What a request that has a body, or says so, has one of."""


class BodyLimits:
    """Ends requests whose bodies are too large, too slow or no JSON, whichever route they go to."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._most = settings.max_body_bytes
        self._seconds = settings.body_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or _WITH_BODY.isdisjoint([name for name, _ in scope["headers"]]):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(Headers(scope=scope)):
            await problem_response(Request(scope), refusal)(scope, receive, send)
        else:
            await self._app(scope, self._limited(receive), send)

    def _refusal(self, headers: Headers) -> Problem | None:
        """What the head of a request already tells."""
        length = headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > self._most:
            return self._too_large()
        kind = headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json" and (length != "0" or "Transfer-Encoding" in headers):
            return Problem(415, "The body must be JSON: Content-Type: application/json.")
        return None

    def _limited(self, receive: Receive) -> Receive:
        arrived, is_complete = 0, False
        deadline: float | None = None

        async def receive_within_limits() -> Message:
            nonlocal arrived, deadline, is_complete
            if is_complete:  # what comes now is the news that the client has gone
                return await receive()
            now = asyncio.get_running_loop().time()
            deadline = now + self._seconds if deadline is None else deadline
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Problem(
                    408, "The body did not arrive in time.", headers={"Connection": "close"}
                ) from None
            arrived += len(message.get("body", b""))
            if arrived > self._most:
                raise self._too_large()
            is_complete = not message.get("more_body", False)
            return message

        return receive_within_limits

    def _too_large(self) -> Problem:
        return Problem(413, f"The body is larger than {self._most} bytes.")
