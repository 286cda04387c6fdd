"""What every answer tells browsers and caches: believe nothing but what is here, keep nothing."""

from collections.abc import Sequence

SECURITY_HEADERS = {
    # Answers are about persons: no cache on the way may keep them.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_AS_SENT = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def with_security_headers(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with those of ours that it has not set for itself."""
    own = {name for name, _ in headers}
    return [*headers, *[header for header in _AS_SENT if header[0] not in own]]
