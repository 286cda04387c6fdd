"""Addresses of this service as a caller can reach them."""

from urllib.parse import urljoin

from starlette.requests import Request

from enrich_stream.settings import Settings


def public_url(request: Request, path: str) -> str:
    """The address of ``path``: under ``ENRICH_PUBLIC_URL``, or else where the request came to."""
    settings: Settings = request.state.settings
    return urljoin(settings.public_url or str(request.base_url), path)
