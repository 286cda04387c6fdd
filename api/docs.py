"""``GET /docs``: the OpenAPI document as a page, without scripts and without other addresses."""

import functools
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.openapi import document

_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


async def get_docs(_request: Request) -> Response:
    """``GET /docs``: what this front door can do, for people."""
    return HTMLResponse(page(), headers=_HEADERS)


@functools.cache
def page() -> str:
    """The page; it depends on nothing but the document."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("docs.html").render(document=document())
