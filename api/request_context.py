"""What surrounds every request: its id, and an end to errors that nobody expected."""

import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)


class RequestContext:
    """Gives each request an id, and ends errors that nobody expected.

    Outermost, around Starlette itself: Starlette answers such an error with a 500 and raises it
    again for the server to log, whatever personal data its text holds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        # Not taken back at the end: the server gives each request a context of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            # The text of the error may hold personal data; its type does not.
            log.error("request.failed", error=type(error).__name__)  # noqa: TRY400 - the same
