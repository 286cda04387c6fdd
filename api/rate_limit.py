"""How often a key may ask: a limit over all requests, and a tighter one for polling."""

from collections.abc import Awaitable, Iterator

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import OPEN_PATHS
from api.caller import Caller
from api.problems import Problem, problem_response
from api.rate_limiter import RateLimiter, Standing
from enrich_stream.settings import Settings

_POLLED = ("/api/enrichments/", "/api/operations")


class RateLimit:
    """Counts each request under its key and refuses what is over a limit.

    What needs no key is not counted: open paths, and all on the loopback before there are keys.
    """

    def __init__(self, app: ASGIApp, limiter: RateLimiter, settings: Settings) -> None:
        self._app = app
        self._limiter = limiter
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        key_id = _counted_key(scope)
        standing = None if key_id is None else await self._standing(scope, key_id)
        if standing is None:
            await self._app(scope, receive, send)
            return

        def send_with_standing(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *standing.headers()]
            return send(message)

        app = self._app if standing.is_within else _refusal(scope, standing)
        await app(scope, receive, send_with_standing)

    async def _standing(self, scope: Scope, key_id: str) -> Standing | None:
        """The limit that the request is nearest to; None when there is none for it."""
        standings: list[Standing] = []
        for bucket, limit in self._limits(scope):
            standing = await self._limiter.count(bucket, key_id, limit)
            if not standing.is_within:
                return standing
            standings.append(standing)
        return min(standings, key=lambda standing: standing.remaining, default=None)

    def _limits(self, scope: Scope) -> Iterator[tuple[str, int]]:
        is_poll = scope["method"] in {"GET", "HEAD"} and scope["path"].startswith(_POLLED)
        if is_poll and self._settings.polls_per_minute:
            yield "polls", self._settings.polls_per_minute
        if self._settings.requests_per_minute:
            yield "requests", self._settings.requests_per_minute


def _counted_key(scope: Scope) -> str | None:
    """The key that a request counts for; None when it counts for none."""
    if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
        return None
    caller: Caller | None = scope["state"]["caller"]
    return None if caller is None else caller.key_id


def _refusal(scope: Scope, standing: Standing) -> ASGIApp:
    problem = Problem(
        429,
        "Rate limit exceeded. Please slow down and retry.",
        headers={"Retry-After": str(standing.reset_seconds)},
    )
    return problem_response(Request(scope), problem)
