"""What surrounds every request: its id, what all answers say, its count, and an end to errors.

One layer for all of that and not one for each: what every request passes, every request pays for.
"""

import time
from collections.abc import Awaitable

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response, unexpected
from api.request_id import new_request_id
from api.request_metrics import count_request
from api.security_headers import with_security_headers

log = structlog.get_logger(__name__)


class RequestContext:
    """Gives each request an id and each answer its headers, and ends errors that nobody expected.

    Outermost, so that it also sees what is refused before any route, and in place of Starlette's
    own end to errors: that one raises them again for the server to log, whatever personal data
    their text holds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = new_request_id()
        status: int | None = None

        def send_in_context(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = status or message["status"]
                headers = with_security_headers(message["headers"])
                message["headers"] = [*headers, (b"x-request-id", request_id.encode())]
            return send(message)

        scope.setdefault("state", {})["request_id"] = request_id
        # Not taken back at the end: the server gives each request a context of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_in_context)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            # The text of the error may hold personal data; its type does not.
            log.error("request.failed", error=type(error).__name__)  # noqa: TRY400 - the same
            if status is None:
                answer = problem_response(Request(scope), unexpected())
                await answer(scope, receive, send_in_context)
        finally:
            count_request(scope, status, time.perf_counter() - started)
