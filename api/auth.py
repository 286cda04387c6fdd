"""Who may come in: every request needs a key, but for the few paths that are named here."""

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.caller import ANYBODY, Caller
from api.problems import Problem, problem_response
from enrich_stream.access_keys import opens
from enrich_stream.key_ring import KeyRing

OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/docs", "/openapi.json"})
"""What answers without a key; readiness then without its details."""

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="enrich-stream"'}


class Authentication:
    """Finds the caller of each request, and refuses those that have none.

    In front of the router, so that a route cannot be forgotten, and what does not exist looks
    the same to strangers as what does.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._caller(headers) if self._keys.is_in_use else ANYBODY
        if caller is None and scope["path"] not in OPEN_PATHS:
            refusal = problem_response(Request(scope), _refusal(headers))
            await refusal(scope, receive, send)
            return
        scope["state"]["caller"] = caller
        with structlog.contextvars.bound_contextvars(access_key=caller and caller.key_id):
            await self._app(scope, receive, send)

    def _caller(self, headers: Headers) -> Caller | None:
        key_id, secret = _credentials(headers)
        key = self._keys.find(key_id)
        if not opens(key, key_id, secret) or key is None:
            return None
        return Caller(organisation=key.organisation, key_id=key.id)


def _credentials(headers: Headers) -> tuple[str, str]:
    """Key id and secret, empty where there is none: two headers, or one ``Bearer ak.sk``."""
    pair = headers.get("X-Access-Key", ""), headers.get("X-Secret-Key", "")
    if any(pair):
        return pair
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    key_id, _, secret = token.strip().partition(".")
    return (key_id, secret) if scheme.lower() == "bearer" else ("", "")


def _refusal(headers: Headers) -> Problem:
    given = {"X-Access-Key", "X-Secret-Key", "Authorization"} & {name.title() for name in headers}
    wrong, missing = "Invalid or missing authentication credentials", "Authentication is required."
    return Problem(401, wrong if given else missing, headers=_CHALLENGE)
