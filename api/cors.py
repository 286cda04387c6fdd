"""Which web pages may call from a browser: none, unless the operator names them."""

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from enrich_stream.settings import Settings

_SENT = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
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


def cors(settings: Settings) -> list[Middleware]:
    """The middleware for the pages of ``ENRICH_CORS_ORIGINS``, if there are any."""
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=_SENT,
            expose_headers=_SHOWN,
        )
    ]
