"""Addresses of this service as a caller can reach them."""

from functools import lru_cache
from urllib.parse import urljoin

from starlette.datastructures import URL
from starlette.requests import Request

from enrich_stream.settings import Settings


def public_url(request: Request, path: str) -> str:
    """The address of ``path``: under ``ENRICH_PUBLIC_URL``, or else where the request came to."""
    settings: Settings = request.state.settings
    scope, host = request.scope, request.headers.get("Host")
    return _origin(settings.public_url, scope["scheme"], scope.get("server"), host) + path


@lru_cache  # to put it together takes as long as all the rest of an answer
def _origin(
    public: str | None, scheme: str, server: tuple[str, int | None] | None, host: str | None
) -> str:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    asked = URL(scope={"scheme": scheme, "server": server, "headers": headers, "path": "/"})
    return urljoin(public or str(asked), "/").removesuffix("/")
