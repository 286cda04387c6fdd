"""``Idempotency-Key`` on ``POST /api/enrichments``."""

import asyncio
from datetime import datetime, timedelta

import pytest
from front_door import MemoryKafka, add_key, front_door
from samples import settled

from enrich_stream import clock
from enrich_stream.person import Outcome

LINKEDIN = {"linkedin_url": "https://www.linkedin.com/in/Mira-Okafor/"}
SINGLE = {"identifier": LINKEDIN, "fields": ["contact.email", "contact.phone"]}
BATCH = {"identifiers": [LINKEDIN, {"email": "A@B.example"}], "fields": ["contact.email"]}
KEY = {"Idempotency-Key": "import-7"}


def post(http, body=BATCH, headers=KEY):
    return http.post("/api/enrichments", json=body, headers=headers)


def is_replay(response):
    return response.headers.get("idempotency-replayed") == "true"


async def test_a_repeat_is_answered_with_the_same_operation_and_says_so(tmp_path):
    """The same 202, marked; and nothing is sent a second time."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        first, second = await post(http), await post(http)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["pollUrl"] == second.json()["pollUrl"]
    assert [is_replay(first), is_replay(second)] == [False, True]
    assert len(kafka.requests) == 1


async def test_a_repeat_on_another_front_door_is_known_there(tmp_path):
    """Also when that one has not been there at the first time."""
    kafka = MemoryKafka()
    async with front_door(tmp_path / "a", kafka) as http:
        first = await post(http)
    async with front_door(tmp_path / "b", kafka) as http:
        second = await post(http)

    assert second.json()["id"] == first.json()["id"]
    assert is_replay(second)
    assert len(kafka.requests) == 1


async def test_a_restart_forgets_no_key(tmp_path):
    """The copy on disk has them, and reading goes on behind them."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        first = await post(http)
    async with front_door(tmp_path, kafka) as http:
        second = await post(http)

    assert second.json()["id"] == first.json()["id"]
    assert is_replay(second)


async def test_a_repeated_synchronous_request_is_answered_with_the_data(tmp_path):
    """Once its job has ended, the repeat is a 200 like the first."""
    kafka = MemoryKafka()
    data = {"contact": {"email": ["mira@x.example"], "phone": []}}
    answer = {"identifier": {}, "status": "success", "data": data}
    kafka.on_request = lambda request: kafka.settle(request.job, settled(0, answer=answer))
    async with front_door(tmp_path, kafka) as http:
        first, second = await post(http, SINGLE), await post(http, SINGLE)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["data"] == second.json()["data"] == data
    assert is_replay(second)
    assert len(kafka.requests) == 1


async def test_what_is_ordered_counts_and_not_its_bytes(tmp_path):
    """Order of members and of fields, nulls and defaults make no other order."""
    respelled = {
        "options": {"providers": None},
        "signals_config": None,
        "fields": ["contact.phone", "contact.email", "contact.phone"],
        "identifier": {"email": None, **LINKEDIN},
        "identifiers": None,
    }
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, sync_budget_seconds=0.01) as http:
        first, second = await post(http, SINGLE), await post(http, respelled)

    assert is_replay(second)
    assert second.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    "other",
    [
        BATCH | {"fields": ["contact.email", "profile"]},
        BATCH | {"identifiers": list(reversed(BATCH["identifiers"]))},
        BATCH | {"identifiers": BATCH["identifiers"][:1]},
        BATCH | {"options": {"max_age_seconds": 0}},
        BATCH | {"signals_config": {"since_days": 3}},
        SINGLE,
    ],
    ids=["fields", "order of persons", "persons", "options", "signals_config", "another lane"],
)
async def test_a_key_used_for_another_order_is_a_422_that_says_so(tmp_path, other):
    """On the front door that knows the key, and on one that has to read it first."""
    kafka = MemoryKafka()
    async with front_door(tmp_path / "a", kafka) as http:
        await post(http)
        known = await post(http, other)
    async with front_door(tmp_path / "b", kafka) as http:
        read = await post(http, other)

    for response in (known, read):
        assert response.status_code == 422
        assert response.json()["error"] == "Unprocessable Entity"
        assert "Idempotency-Key was used before with another body" in response.json()["message"]
    assert len(kafka.requests) == 1


@pytest.mark.parametrize("other", [BATCH | {"fields": ["profile"]}, SINGLE])
async def test_of_two_orders_at_once_the_one_that_kafka_has_first_is_done(tmp_path, other):
    """Two front doors, one key, two bodies: one job, and both doors say the same of it."""
    kafka = MemoryKafka()
    settings = {"sync_budget_seconds": 0.01}
    async with (
        front_door(tmp_path / "a", kafka, **settings) as a,
        front_door(tmp_path / "b", kafka, **settings) as b,
    ):
        answers = await asyncio.gather(
            *(post(http, body) for http in (a, b) for body in (BATCH, other) for _ in range(5))
        )

    accepted = [response for response in answers if response.status_code == 202]
    assert {response.status_code for response in answers} == {202, 422}
    assert len(accepted) == 10
    assert len({response.json()["id"] for response in accepted}) == 1
    assert sum(not is_replay(response) for response in accepted) == 1
    (request,) = kafka.requests
    assert request.job.id == accepted[0].json()["id"]


async def test_keys_of_two_organisations_have_nothing_to_do_with_each_other(tmp_path):
    """The same key of another organisation is another key."""
    kafka = MemoryKafka()
    (_, one), (_, other) = add_key(kafka, "one"), add_key(kafka, "other")
    async with front_door(tmp_path, kafka) as http:
        first = await post(http, headers=KEY | one)
        second = await post(http, headers=KEY | other)

    assert second.status_code == 202
    assert not is_replay(second)
    assert second.json()["id"] != first.json()["id"]


async def test_a_job_that_was_claimed_and_never_sent_is_sent_by_the_repeat(tmp_path, monkeypatch):
    """Kafka went away between the two writes: the first caller was told so, and tries again.

    The job is as old as the claim, so that both are past their retention at the same moment.
    """
    claimed_at = clock.present()
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, catch_up_seconds=0.2) as http:
        kafka.refuses_requests = True
        first = await post(http)
        kafka.refuses_requests = False
        monkeypatch.setattr("enrich_stream.clock.present", lambda: claimed_at + timedelta(hours=1))
        second = await post(http)

    assert first.status_code == 503
    assert second.status_code == 202
    (request,) = kafka.requests
    assert request.job.id == second.json()["id"]
    assert datetime.fromisoformat(request.job.accepted_at) < claimed_at + timedelta(minutes=1)


async def test_a_key_that_cannot_be_checked_starts_nothing(tmp_path):
    """While the standby is behind, somebody may have used the key: 503, and no job."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, catch_up_seconds=0.05) as http:
        kafka.delivers = False
        response = await post(http)

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert kafka.requests == []


async def test_once_its_job_is_no_longer_kept_a_key_can_be_used_anew(tmp_path, monkeypatch):
    """The window is the retention of jobs; after it the same key is another job, whatever body."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, retention_days=7) as http:
        first = await post(http)
        week_later = clock.present() + timedelta(days=7)
        monkeypatch.setattr("enrich_stream.clock.present", lambda: week_later)
        second = await post(http, SINGLE | {"fields": ["profile"]})
        third = await post(http)
    async with front_door(tmp_path / "other", kafka, retention_days=7) as http:
        fourth = await post(http, SINGLE | {"fields": ["profile"]})

    assert second.status_code == 202
    assert not is_replay(second)
    assert second.json()["id"] != first.json()["id"]
    assert third.status_code == 422
    assert fourth.json()["id"] == second.json()["id"]


async def test_a_repeat_needs_no_room(tmp_path):
    """It starts nothing, so it is answered when no more jobs are taken."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, organisation_open_jobs=1) as http:
        first = await post(http)
        await http.get(f"/api/enrichments/{first.json()['id']}")
        second = await post(http)
        other = await post(http, headers={"Idempotency-Key": "another"})

    assert second.status_code == 202
    assert other.status_code == 429


@pytest.mark.parametrize("key", ["", "x" * 257])
async def test_a_key_has_1_to_256_characters(tmp_path, key):
    """Anything else is a 400."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await post(http, headers={"Idempotency-Key": key})

    assert response.status_code == 400
    assert "1 to 256" in response.json()["message"]


async def test_an_outage_is_answered_under_the_same_key_too(tmp_path):
    """A repeat of a request that nobody could answer is the operation that says so."""
    kafka = MemoryKafka()
    error = {"status": "failed", "error": {"message": "Could not be determined."}}
    kafka.on_request = lambda r: kafka.settle(r.job, settled(0, Outcome.UNKNOWN, error))
    async with front_door(tmp_path, kafka) as http:
        first, second = await post(http, SINGLE), await post(http, SINGLE)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
