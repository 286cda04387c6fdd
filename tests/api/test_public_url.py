"""Where a caller finds what was accepted."""

from types import SimpleNamespace
from urllib.parse import urljoin

import pytest
from starlette.requests import Request

from api.public_url import public_url

PATH = "/api/enrichments/op_1?limit=5&cursor=2026-11-28T16%3A14%3A31.000Z%2Fop_1"


def asked_at(host, public=None, scheme="http", server=("127.0.0.1", 8000)):
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    settings = SimpleNamespace(public_url=public)
    return Request(
        {
            "type": "http",
            "scheme": scheme,
            "server": server,
            "path": "/api/enrichments",
            "query_string": b"a=b",
            "root_path": "",
            "headers": [(b"accept", b"*/*"), *headers],
            "state": {"settings": settings},
        }
    )


@pytest.mark.parametrize(
    ("request_", "origin"),
    [
        (asked_at("door.example"), "http://door.example"),
        (asked_at("door.example:8080", scheme="https"), "https://door.example:8080"),
        (asked_at("[::1]:9"), "http://[::1]:9"),
        (asked_at(None), "http://127.0.0.1:8000"),
        (asked_at("not a host"), "http://127.0.0.1:8000"),
        (asked_at("door.example/else?a=#b"), "http://127.0.0.1:8000"),
        (asked_at("door.example", "https://enrich.example"), "https://enrich.example"),
        (asked_at("door.example", "https://enrich.example/under/"), "https://enrich.example"),
    ],
)
def test_an_address_is_under_the_public_one_or_where_the_request_came_to(request_, origin):
    """A caller behind a proxy gets what the operator says, and others what they have asked."""
    assert public_url(request_, PATH) == origin + PATH


@pytest.mark.parametrize(
    "host", [None, "", "a.example", "a.example:80", "a@b", "é.example", "[::1"]
)
@pytest.mark.parametrize("public", [None, "https://enrich.example/x", "enrich.example", "/under"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("server", [None, ("::1", 80), ("10.0.0.1", 443)])
def test_what_is_kept_at_hand_is_what_would_be_put_together(host, public, scheme, server):
    """Nobody gets the address that another was told."""
    request = asked_at(host, public, scheme, server)

    assert public_url(request, PATH) == urljoin(public or str(request.base_url), PATH)
