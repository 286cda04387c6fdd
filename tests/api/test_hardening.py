"""What every answer has, and what no request gets: headers, shapes, origins, content types."""

import pytest
from front_door import MemoryKafka, add_key, front_door
from samples import a_job, settled

BODY = {"identifiers": [{"email": "a@b.example"}], "fields": ["contact.email"]}


async def answers(http, headers):
    """One answer of each kind."""
    yield await http.get("/api/enrichments/op_1", headers=headers)
    yield await http.get("/api/enrichments/op_none", headers=headers)
    yield await http.get("/nowhere", headers=headers)
    yield await http.put("/api/enrichments", headers=headers)
    yield await http.post("/api/enrichments", headers=headers, json={})
    yield await http.get("/api/enrichments/op_1")
    yield await http.get("/health/live")
    yield await http.get("/docs")


async def test_every_answer_has_the_security_headers(tmp_path, monkeypatch):
    """No sniffing, no framing, no referrer and no copy in any cache; also on a 500."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        found = [answer async for answer in answers(http, headers)]
        monkeypatch.setattr("api.poll.included", lambda _: 1 / 0)
        found.append(await http.get("/api/enrichments/op_1", headers=headers))

    assert {answer.status_code for answer in found} >= {200, 400, 401, 404, 405, 500}
    for answer in found:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in {"no-store", "private, no-cache"}
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_every_error_has_the_one_shape(tmp_path):
    """Whoever refuses, router, key check or route: same members, same type."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        errors = [a async for a in answers(http, headers) if a.status_code >= 400]

    assert len(errors) == 5
    for error in errors:
        body = error.json()
        assert error.headers["content-type"] == "application/json"
        assert body.keys() - {"errors"} == {
            *("statusCode", "error", "message", "path", "requestId", "timestamp")
        }
        assert body["statusCode"] == error.status_code
        assert body["path"] == error.request.url.path
        assert body["requestId"] == error.headers["x-request-id"]


async def test_a_wrong_method_names_the_right_ones(tmp_path):
    """405 comes with ``Allow``."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.put("/api/enrichments")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_nothing_is_a_redirect(tmp_path):
    """A client that sends keys must not be led elsewhere: a slash too many is a wrong path."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        assert (await http.post("/api/enrichments/", json=BODY)).status_code == 404
        assert (await http.get("/health/live/")).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 202),
        ("Application/JSON; charset=utf-8", 202),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
async def test_a_body_of_another_type_than_json_is_a_415(tmp_path, content_type, status):
    """A form on somebody's web page can send all but JSON without being asked for permission."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.post(
            "/api/enrichments",
            content=b'{"identifiers": [{"email": "a@b.example"}], "fields": ["profile"]}',
            headers={"Content-Type": content_type},
        )

    assert response.status_code == status


PREFLIGHT = {
    "Origin": "https://app.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type, x-access-key, x-secret-key",
}


async def test_no_web_page_may_call_unless_it_is_named(tmp_path):
    """Off by default: no answer tells a browser that a page may read it."""
    kafka = MemoryKafka()
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        preflight = await http.options("/api/enrichments", headers=PREFLIGHT)
        answer = await http.post(
            "/api/enrichments", json=BODY, headers=headers | {"Origin": "https://app.example"}
        )

    assert preflight.status_code == 401
    assert not [name for name in (*preflight.headers, *answer.headers) if "access-control" in name]


async def test_a_page_that_is_named_may_call(tmp_path):
    """Its preflight needs no key, its request does; other pages stay out."""
    kafka = MemoryKafka()
    _, headers = add_key(kafka)
    origins = "https://app.example, https://other.example"
    async with front_door(tmp_path, kafka, cors_origins=origins) as http:
        preflight = await http.options("/api/enrichments", headers=PREFLIGHT)
        keyless = await http.post("/api/enrichments", json=BODY, headers=PREFLIGHT)
        answer = await http.post("/api/enrichments", json=BODY, headers=headers | PREFLIGHT)
        stranger = await http.options(
            "/api/enrichments", headers=PREFLIGHT | {"Origin": "https://evil.example"}
        )

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert "x-secret-key" in preflight.headers["access-control-allow-headers"].lower()
    assert keyless.status_code == 401
    assert keyless.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.status_code == 202
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in stranger.headers


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"Origin": "https://evil.example"}, "origin"),
        ({"Access-Control-Request-Method": "PATCH"}, "method"),
        ({"Access-Control-Request-Headers": "x-other"}, "headers"),
    ],
)
async def test_a_preflight_that_is_refused_has_the_shape_of_every_error(tmp_path, other, what):
    """400 as JSON, with what is refused; no answer of this service is plain text."""
    async with front_door(tmp_path, MemoryKafka(), cors_origins="https://app.example") as http:
        refused = await http.options("/api/enrichments", headers=PREFLIGHT | other)

    body = refused.json()
    assert refused.status_code == body["statusCode"] == 400
    assert body["message"] == f"Disallowed CORS {what}."
    assert (body["error"], body["path"]) == ("Bad Request", "/api/enrichments")
    assert body["requestId"] == refused.headers["x-request-id"]
    assert refused.headers["content-type"] == "application/json"
    assert "Origin" in refused.headers["vary"]
