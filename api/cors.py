"""Which web pages may call from a browser: none, unless the operator names them."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import Problem, problem_response
from enrich_stream.settings import Settings

_SENT = [
    "Authorization",
    "Content-Digest",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "Signature",
    "Signature-Input",
    "X-Access-Key",
    "X-Secret-Key",
]
_SHOWN = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
]


class Cors(CORSMiddleware):
    """Starlette's, but for refusals: they have the shape of every error, not plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        try:
            await super().__call__(scope, receive, send)
        except Problem as refusal:
            await problem_response(Request(scope), refusal)(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser's question; raises ``Problem`` 400 when the page may not call."""
        response = super().preflight_response(request_headers)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise Problem(400, f"{bytes(response.body).decode()}.", headers=_kept(response))
        return response


def _kept(response: Response) -> dict[str, str]:
    """Its headers, but for those of its body."""
    return {n: v for n, v in response.headers.items() if not n.startswith("content-")}


def cors(settings: Settings) -> list[Middleware]:
    """The middleware for the pages of ``ENRICH_CORS_ORIGINS``, if there are any."""
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return []
    return [
        Middleware(
            Cors,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=_SENT,
            expose_headers=_SHOWN,
        )
    ]
