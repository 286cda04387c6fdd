"""Who may come in: every request needs a key, but for the few paths that are named here."""

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.caller import ANYBODY, Caller, caller_of
from api.problems import Problem, problem_response, unauthenticated
from api.signatures import HEADER as SIGNATURE_INPUT
from api.signatures import Signatures
from enrich_stream.access_keys import AccessKey, KeyState, opens, state
from enrich_stream.key_ring import KeyRing
from enrich_stream.settings import Settings

OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/docs", "/openapi.json"})
"""What answers without a key; readiness then without its details."""


class Authentication:
    """Finds the caller of each request, and refuses those that have none.

    In front of the router, so that a route cannot be forgotten, and what does not exist looks
    the same to strangers as what does.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, settings: Settings) -> None:
        self._app = app
        self._keys = keys
        self._signatures = Signatures(keys, settings.signature_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            caller, receive = self._caller(scope, receive)
        except Problem as refusal:
            caller = None
            if scope["path"] not in OPEN_PATHS:
                await problem_response(Request(scope), refusal)(scope, receive, send)
                return
        scope["state"]["caller"] = caller
        structlog.contextvars.bind_contextvars(access_key=caller and caller.key_id)
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope, receive: Receive) -> tuple[Caller, Receive]:
        """Who asks, and from where the body is to be read; ``Problem`` 401 when it is nobody."""
        if not self._keys.is_in_use:
            return ANYBODY, receive
        headers = Headers(scope=scope)
        key_id, secret = _credentials(headers)
        # Beside a secret a signature is not looked at: something on the way may have put it there.
        if SIGNATURE_INPUT in headers and not (key_id or secret):
            key, receive = self._signatures.verified(scope, receive)
        else:
            key = self._opened_key(key_id, secret, headers)
        return Caller(organisation=key.organisation, key_id=key.id), receive

    def _opened_key(self, key_id: str, secret: str, headers: Headers) -> AccessKey:
        key = self._keys.find(key_id)
        if not opens(key, key_id, secret) or key is None:
            raise _refusal(headers)
        return key


def is_still_welcome(request: Request) -> bool:
    """Whether the caller would be let in now: its key may be withdrawn while it waits."""
    key_id, keys = caller_of(request).key_id, request.state.keys
    if key_id is None:
        return not keys.is_in_use
    key = keys.find(key_id)
    return key is not None and state(key) is KeyState.VALID


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
    return unauthenticated(wrong if given else missing)
