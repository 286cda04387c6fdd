"""Who may come in, and what is whose."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from front_door import MemoryKafka, add_key, front_door, put_key, served_front_door, until
from samples import a_job, settled
from starlette.routing import Route

from api.auth import OPEN_PATHS
from api.routes import ROUTES
from enrich_stream.access_keys import create_key, revoke
from enrich_stream.records import encode

BODY = {"identifiers": [{"email": "a@b.example"}], "fields": ["contact.email"]}
ROUTES_AND_METHODS = [
    (method, route.path) for route in ROUTES for method in sorted(route.methods - {"HEAD"})
]


def bearer(headers):
    token = f"{headers['X-Access-Key']}.{headers['X-Secret-Key']}"
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("method", "path"), ROUTES_AND_METHODS)
async def test_every_route_needs_a_key_but_those_that_are_named(tmp_path, method, path):
    """A table of all routes, taken from the router: a new one needs a key or is named as open."""
    kafka = MemoryKafka()
    add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        response = await http.request(method, path.replace("{job_id}", "op_1"))

    assert (response.status_code != 401) == (path in OPEN_PATHS)


def test_open_are_liveness_readiness_and_the_documentation_only():
    """The list of what answers strangers, so that it does not grow unseen."""
    assert {"/health/live", "/health/ready", "/docs", "/openapi.json"} == OPEN_PATHS
    assert {route.path for route in ROUTES if isinstance(route, Route)} >= OPEN_PATHS


@pytest.mark.parametrize("form", [dict, bearer], ids=["two headers", "bearer"])
async def test_a_key_lets_in_and_is_told_from_a_missing_one(tmp_path, form):
    """Both ways of sending a key; without one, 401 with a challenge in the contract's words."""
    kafka = MemoryKafka()
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        welcome = await http.post("/api/enrichments", json=BODY, headers=form(headers))
        refused = await http.post("/api/enrichments", json=BODY)

    assert welcome.status_code == 202
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.headers["content-type"] == "application/json"
    body = refused.json()
    assert body["error"] == "Unauthorized"
    assert body["message"] == "Authentication is required."
    assert body["requestId"] == refused.headers["x-request-id"]
    assert len(kafka.requests) == 1


def wrong_ways():
    """Headers that let nobody in, made from those of a key."""
    return [
        ("no secret", lambda h: {"X-Access-Key": h["X-Access-Key"]}),
        ("no key", lambda h: {"X-Secret-Key": h["X-Secret-Key"]}),
        ("a wrong secret", lambda h: h | {"X-Secret-Key": "sk_" + "x" * 43}),
        ("an unknown key", lambda h: h | {"X-Access-Key": "ak_" + "0" * 26}),
        ("swapped", lambda h: {"X-Access-Key": h["X-Secret-Key"], "X-Secret-Key": "ak"}),
        ("another scheme", lambda h: {"Authorization": bearer(h)["Authorization"][7:]}),
        ("basic", lambda _: {"Authorization": "Basic YWs6c2s="}),
        ("no dot", lambda h: {"Authorization": f"Bearer {h['X-Access-Key']}"}),
        ("not ASCII", lambda h: h | {"X-Secret-Key": b"sk_\xff\xfe"}),
        ("a good token beside a bad pair", lambda h: bearer(h) | {"X-Access-Key": "ak_x"}),
    ]


@pytest.mark.parametrize(
    "wrong", [way for _, way in wrong_ways()], ids=[name for name, _ in wrong_ways()]
)
async def test_wrong_credentials_are_one_and_the_same_401(tmp_path, wrong):
    """Nothing tells a wrong secret from an unknown key."""
    kafka = MemoryKafka()
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        response = await http.get("/api/enrichments/op_1", headers=wrong(headers))

    assert response.status_code == 401
    assert response.json()["message"] == "Invalid or missing authentication credentials"


async def test_a_key_made_or_revoked_while_the_door_is_open_counts_at_once(tmp_path):
    """No restart: the topic of keys is followed."""
    kafka = MemoryKafka()
    add_key(kafka)
    key, secret = create_key("default")
    headers = {"X-Access-Key": key.id, "X-Secret-Key": secret}
    async with front_door(tmp_path, kafka) as http:

        async def status():
            return (await http.get("/nowhere", headers=headers)).status_code

        async def is_in():
            return await status() == 404

        async def is_out():
            return await status() == 401

        assert await is_out()
        put_key(kafka, key)
        await until(is_in)
        put_key(kafka, revoke(key))
        await until(is_out)


async def test_who_waits_with_a_key_that_is_revoked_gets_nothing_more(tmp_path):
    """A stream ends without the next item, and a long poll without its answer."""
    kafka = MemoryKafka()
    kafka.accept(job := a_job(1))
    key, headers = add_key(kafka)
    async with (
        served_front_door(tmp_path, kafka, heartbeat_seconds=0.05) as (http, services),
        http.stream("GET", "/api/enrichments/op_1/events", headers=headers) as stream,
    ):
        lines = stream.aiter_lines()
        assert "event: snapshot" in [line async for line in up_to(lines, "snapshot")]
        waiting = headers | {"Prefer": "wait=30"}
        poll = asyncio.create_task(http.get("/api/enrichments/op_1", headers=waiting))
        await until(lambda: len(services["standby"]._watchers["op_1"]) == 2)
        put_key(kafka, revoke(key))
        rest = [line async for line in lines]
        kafka.settle(job, settled(0))

        assert (await poll).status_code == 401
        assert not [line for line in rest if line.startswith("event")]


async def up_to(lines, word):
    async for line in lines:
        yield line
        if word in line:
            return


async def test_an_expired_key_is_a_401(tmp_path, monkeypatch):
    """The moment is looked at on every request."""
    kafka = MemoryKafka()
    end = datetime.now(UTC) + timedelta(hours=1)
    _, headers = add_key(kafka, expires_at=end)
    async with front_door(tmp_path, kafka) as http:
        assert (await http.get("/nowhere", headers=headers)).status_code == 404
        monkeypatch.setattr("enrich_stream.access_keys.clock.present", lambda: end)
        assert (await http.get("/nowhere", headers=headers)).status_code == 401


async def test_keys_go_on_working_while_kafka_is_down(tmp_path):
    """What is known stays known."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_1", headers=headers)
        kafka.is_up = False

        response = await http.get("/api/enrichments/op_1", headers=headers)

    assert response.status_code == 200


async def test_without_any_key_all_callers_are_the_organisation_default(tmp_path):
    """On a machine of one's own the service works before anything is set up."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        assert (await http.post("/api/enrichments", json=BODY)).status_code == 202

    assert kafka.requests[0].job.organisation == "default"


async def test_the_first_key_closes_the_door_and_no_revocation_opens_it_again(tmp_path):
    """From the first key on nobody gets in without one, also when all are revoked."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:

        async def is_closed():
            return (await http.get("/nowhere")).status_code == 401

        assert not await is_closed()
        key, _ = add_key(kafka)
        await until(is_closed)
        put_key(kafka, revoke(key))
        kafka.append_raw("access_keys", key.id.encode(), None)
        assert await is_closed()
    async with front_door(tmp_path / "restarted", kafka) as http:
        assert (await http.get("/nowhere")).status_code == 401


async def test_a_key_of_a_newer_version_lets_nobody_in(tmp_path):
    """What cannot be understood is refused, and still means that there are keys."""
    kafka = MemoryKafka()
    key, secret = create_key("default")
    record = json.loads(encode(key)) | {"version": 99}
    kafka.append_raw("access_keys", key.id.encode(), json.dumps(record).encode())
    headers = {"X-Access-Key": key.id, "X-Secret-Key": secret}
    async with front_door(tmp_path, kafka) as http:
        assert (await http.get("/nowhere", headers=headers)).status_code == 401
        assert (await http.get("/nowhere")).status_code == 401


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES_AND_METHODS if "{job_id}" in r[1]])
async def test_the_job_of_another_organisation_does_not_exist(tmp_path, method, path):
    """Every route that names a job answers as for a job that nobody has, down to the words."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1, organisation="acme"), settled(0))
    _, theirs = add_key(kafka, "acme")
    _, ours = add_key(kafka, "globex")
    async with front_door(tmp_path, kafka) as http:
        await until(lambda: _exists(http, theirs))
        found = await http.request(method, path.replace("{job_id}", "op_1"), headers=theirs)
        hidden = await http.request(method, path.replace("{job_id}", "op_1"), headers=ours)
        none = await http.request(method, path.replace("{job_id}", "op_2"), headers=ours)

    assert found.status_code < 300
    assert hidden.status_code == none.status_code == 404
    told = ("statusCode", "error", "message")
    assert [hidden.json()[name] for name in told] == [none.json()[name] for name in told]


async def _exists(http, headers):
    return (await http.get("/api/enrichments/op_1", headers=headers)).status_code == 200


async def test_the_same_idempotency_key_of_two_organisations_is_two_jobs(tmp_path):
    """An idempotency key is the organisation's own."""
    kafka = MemoryKafka()
    _, acme = add_key(kafka, "acme")
    _, globex = add_key(kafka, "globex")
    again = {"Idempotency-Key": "7"}
    async with front_door(tmp_path, kafka) as http:
        one = await http.post("/api/enrichments", json=BODY, headers=acme | again)
        other = await http.post("/api/enrichments", json=BODY, headers=globex | again)

    assert one.json()["id"] != other.json()["id"]
    assert {r.job.organisation for r in kafka.requests} == {"acme", "globex"}


async def test_readiness_tells_strangers_nothing_but_whether(tmp_path):
    """An orchestrator needs no key; what is amiss is told to those who have one."""
    kafka = MemoryKafka()
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_none", headers=headers)
        stranger = await http.get("/health/ready")
        known = await http.get("/health/ready", headers=headers)

    assert stranger.json() == {"status": "ok"}
    assert known.json()["checks"]["keysFollowed"] is True


async def test_log_lines_name_the_key_and_never_its_secret(tmp_path):
    """The public half is in the context of what is logged; the secret is nowhere."""
    kafka = MemoryKafka()
    key, headers = add_key(kafka)
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        async with front_door(tmp_path, kafka) as http:
            kafka.is_up = False
            await http.post("/api/enrichments", json=BODY, headers=headers)

    assert [line["access_key"] for line in logs if line["event"] == "publish.failed"] == [key.id]
    assert headers["X-Secret-Key"] not in repr(logs)
