"""How often a key may ask, and how much an organisation."""

import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx2
import msgspec
import pytest
from front_door import TOPICS, MemoryKafka, add_key, front_door, open_door
from samples import a_job, settled

from api.rate_limiter import RateLimiter
from enrich_stream import clock
from enrich_stream.errors import SetupError
from enrich_stream.records import VERSION, EnrichmentRequested, encode

BODY = {"identifiers": [{"email": "a@b.example"}] * 4, "fields": ["contact.email"]}
POLL = "/api/enrichments/op_1"


@pytest.fixture(autouse=True)
def still_clock(monkeypatch):
    """The middle of a minute, for in this process windows begin with the minutes of the clock."""
    still = SimpleNamespace(time=lambda: 1_800_000_030.0, monotonic=time.monotonic)
    for place in ("limits.aio.storage.memory", "limits.aio.strategies", "api.rate_limiter"):
        monkeypatch.setattr(f"{place}.time", still)


@pytest.fixture
def kafka():
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    return kafka


async def test_over_the_limit_is_a_429_that_says_when(tmp_path, kafka):
    """The contract's words, ``Retry-After``, and both spellings of the rate headers."""
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka, requests_per_minute=2) as http:
        within = [await http.get("/nowhere", headers=headers) for _ in range(2)]
        over = await http.get("/nowhere", headers=headers)

    assert [response.status_code for response in within] == [404, 404]
    assert [response.headers["ratelimit-remaining"] for response in within] == ["1", "0"]
    assert over.status_code == 429
    assert over.json()["message"] == "Rate limit exceeded. Please slow down and retry."
    assert 1 <= int(over.headers["retry-after"]) <= 61
    for prefix in ("ratelimit", "x-ratelimit"):
        assert over.headers[f"{prefix}-limit"] == "2"
        assert over.headers[f"{prefix}-remaining"] == "0"
        assert over.headers[f"{prefix}-reset"] == over.headers["retry-after"]


@pytest.mark.parametrize("path", [POLL, "/api/operations/op_1"])
async def test_polls_have_a_tighter_limit_on_both_paths(tmp_path, kafka, path):
    """Polling too often does not keep a key from submitting."""
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka, polls_per_minute=2) as http:
        polls = [(await http.get(path, headers=headers)).status_code for _ in range(3)]
        submitted = await http.post("/api/enrichments", json=BODY, headers=headers)

    assert polls == [200, 200, 429]
    assert submitted.status_code == 202


async def test_polls_count_as_requests_too(tmp_path, kafka):
    """The limit over all is over all."""
    _, headers = add_key(kafka)
    async with front_door(tmp_path, kafka, requests_per_minute=2) as http:
        statuses = [(await http.get(POLL, headers=headers)).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


async def test_keys_are_counted_apart(tmp_path, kafka):
    """One key's haste does not slow another, not even one of the same organisation."""
    _, hasty = add_key(kafka)
    _, calm = add_key(kafka)
    async with front_door(tmp_path, kafka, requests_per_minute=1) as http:
        first, over = [await http.get("/nowhere", headers=hasty) for _ in range(2)]
        other = await http.get("/nowhere", headers=calm)

    assert (first.status_code, over.status_code, other.status_code) == (404, 429, 404)


async def test_wrong_keys_and_open_paths_are_not_counted(tmp_path, kafka):
    """Nobody can use up another's limit without the secret; health checks have none."""
    _, headers = add_key(kafka)
    wrong = headers | {"X-Secret-Key": "sk_wrong"}
    async with front_door(tmp_path, kafka, requests_per_minute=1) as http:
        for _ in range(3):
            assert (await http.get("/nowhere", headers=wrong)).status_code == 401
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/health/ready", headers=headers)).status_code != 429
        assert (await http.get("/nowhere", headers=headers)).status_code == 404


async def test_zero_is_no_limit(tmp_path, kafka):
    """And then nothing is said of limits."""
    _, headers = add_key(kafka)
    none = {"requests_per_minute": 0, "polls_per_minute": 0}
    async with front_door(tmp_path, kafka, **none) as http:
        response = await http.get(POLL, headers=headers)

    assert response.status_code == 200
    assert "ratelimit-limit" not in response.headers


@pytest.fixture
def redis(tmp_path):
    """A Redis of our own on the loopback; None while it is stopped."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on this machine")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if b"Ready to accept connections" in line:
                break
        yield f"redis://127.0.0.1:{port}/0", process
        process.terminate()


async def test_with_redis_two_front_doors_count_together(tmp_path, kafka, redis):
    """The limit is the key's, wherever it asks."""
    url, _ = redis
    _, headers = add_key(kafka)
    limits = {"redis_url": url, "requests_per_minute": 3}
    async with (
        front_door(tmp_path / "a", kafka, **limits) as a,
        front_door(tmp_path / "b", kafka, **limits) as b,
    ):
        statuses = [(await d.get("/nowhere", headers=headers)).status_code for d in (a, b, a, b)]

    assert statuses == [404, 404, 404, 429]


async def test_without_its_redis_a_front_door_counts_alone(tmp_path, kafka, redis):
    """Losing Redis refuses nobody, and lets nobody ask without end."""
    url, process = redis
    _, headers = add_key(kafka)
    async with front_door(tmp_path / "a", kafka, redis_url=url, requests_per_minute=2) as http:
        assert (await http.get("/nowhere", headers=headers)).status_code == 404
        process.kill()
        process.wait()
        statuses = [(await http.get("/nowhere", headers=headers)).status_code for _ in range(3)]

    assert statuses == [404, 404, 429]


def test_a_wrong_redis_url_is_named_without_its_password():
    """The message is for the operator, and for whoever reads the logs."""
    with pytest.raises(SetupError, match="ENRICH_REDIS_URL") as raised:
        RateLimiter("http://:hunter2@redis")

    assert "hunter2" not in str(raised.value)


async def read_up(http, kafka):
    """Wait until the door has read all requests that were accepted."""
    for request in kafka.requests:
        await http.get(f"/api/enrichments/{request.job.id}")


async def test_a_spent_quota_is_a_402_and_nothing_is_accepted(tmp_path):
    """In the contract's words: what is required, and what is left."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, organisation_items_per_day=6) as http:
        accepted = await http.post("/api/enrichments", json=BODY)
        await read_up(http, kafka)
        refused = await http.post("/api/enrichments", json=BODY)
        smaller = BODY | {"identifiers": BODY["identifiers"][:2]}
        fits = await http.post("/api/enrichments", json=smaller)

    assert (accepted.status_code, refused.status_code, fits.status_code) == (202, 402, 202)
    assert refused.json()["error"] == "Payment Required"
    assert refused.json()["message"].startswith("Insufficient credits: 4 required, 2 available")
    assert len(kafka.requests) == 2


async def test_a_repeat_needs_no_quota_and_counts_once(tmp_path):
    """Whoever sends a request again is answered again."""
    kafka = MemoryKafka()
    key = {"Idempotency-Key": "1"}
    async with open_door(tmp_path, kafka) as (services, app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as http:
            for _ in range(3):
                response = await http.post("/api/enrichments", json=BODY, headers=key)
                await read_up(http, kafka)
        assert response.status_code == 202
        assert services["standby"].items_today("default") == 4


async def test_the_count_is_the_same_after_a_restart_and_on_every_door(tmp_path):
    """It is of the requests that Kafka has, not of those that a door has taken."""
    kafka = MemoryKafka()
    async with front_door(tmp_path / "a", kafka) as http:
        await http.post("/api/enrichments", json=BODY)
        await read_up(http, kafka)
    for home in ("a", "b"):
        async with open_door(tmp_path / home, kafka) as (services, _):
            await services["standby"].view_accepted("op_none", 5)
            assert services["standby"].items_today("default") == 4
            assert services["standby"].items_today("acme") == 0


async def test_a_new_day_begins_anew(tmp_path, monkeypatch):
    """At midnight, UTC; a job of yesterday that is read today does not count."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, organisation_items_per_day=4) as http:
        await http.post("/api/enrichments", json=BODY)
        await read_up(http, kafka)
        assert (await http.post("/api/enrichments", json=BODY)).status_code == 402
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        monkeypatch.setattr("enrich_stream.clock.present", lambda: tomorrow)

        assert (await http.post("/api/enrichments", json=BODY)).status_code == 202
        await read_up(http, kafka)
        assert (await http.post("/api/enrichments", json=BODY)).status_code == 402
    async with open_door(tmp_path / "new", kafka) as (services, _):
        await services["standby"].view_accepted("op_none", 5)
        assert services["standby"].items_today("default") == 4


async def test_a_request_that_is_read_twice_counts_once(tmp_path):
    """The same record in one batch of reading, and again in a later one."""
    kafka = MemoryKafka()

    def accept(job_id):
        job = msgspec.structs.replace(a_job(4, job_id=job_id), accepted_at=clock.now())
        record = EnrichmentRequested(version=VERSION, job=job, items=())
        kafka.append(TOPICS.requests, job_id.encode(), encode(record))

    accept("op_1")
    accept("op_1")
    async with open_door(tmp_path, kafka) as (services, _):
        await services["standby"].view_accepted("op_none", 5)
        accept("op_1")
        accept("op_2")
        assert await services["standby"].view_accepted("op_2", 5)
        assert services["standby"].items_today("default") == 8
