"""``POST /api/enrichments``."""

import json

import pytest
from front_door import MemoryKafka, front_door
from samples import settled

from enrich_stream.person import Outcome

LINKEDIN = {"linkedin_url": "https://www.linkedin.com/in/Mira-Okafor/"}
SINGLE = {"identifier": LINKEDIN, "fields": ["contact.email"]}
BATCH = {"identifiers": [LINKEDIN, {"email": "A@B.example"}], "fields": ["contact.email"]}


def answers_with(kafka, outcome, answer):
    """Let the workers settle each single request at once."""
    kafka.on_request = lambda request: kafka.settle(request.job, settled(0, outcome, answer))


async def test_a_batch_is_accepted_once_kafka_has_it(tmp_path):
    """202 with the five members of the contract, and one record with canonical identifiers."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=BATCH)

    body = response.json()
    (request,) = kafka.requests
    assert response.status_code == 202
    assert body == {
        "id": request.job.id,
        "operationId": request.job.id,
        "status": "queued",
        "pollUrl": f"http://door.example/api/enrichments/{request.job.id}",
        "meta": {"requestId": response.headers["x-request-id"]},
    }
    assert [item.identifier for item in request.items] == [
        "linkedin_url:mira-okafor",
        "email:a@b.example",
    ]
    assert [item.given for item in request.items] == BATCH["identifiers"]


async def test_a_single_linkedin_contact_is_answered_with_its_data(tmp_path):
    """200 when the job ends within the budget."""
    kafka = MemoryKafka()
    data = {"contact": {"email": ["mira@x.example"]}}
    answers_with(kafka, Outcome.FOUND, {"identifier": {}, "status": "success", "data": data})
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=SINGLE)

    assert response.status_code == 200
    assert response.json() == {
        "data": data,
        "meta": {"requestId": response.headers["x-request-id"]},
    }


async def test_a_single_person_nobody_knows_is_answered_with_empty_arrays(tmp_path):
    """Someone who would know said no: that is an answer, and it is empty."""
    kafka = MemoryKafka()
    answers_with(kafka, Outcome.ABSENT, {"status": "failed", "error": {"message": "No."}})
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=SINGLE)

    assert response.status_code == 200
    assert response.json()["data"] == {"contact": {"email": []}}


async def test_an_outage_is_not_answered_as_found_nothing(tmp_path):
    """Unknown: 202, and the operation says that it failed and is worth another try."""
    kafka = MemoryKafka()
    error = {"message": "Could not be determined.", "retryable": True}
    answers_with(kafka, Outcome.UNKNOWN, {"status": "failed", "error": error})
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=SINGLE)
        poll = (await http.get(f"/api/enrichments/{response.json()['id']}")).json()

    assert response.status_code == 202
    assert (poll["status"], poll["error"]) == ("failed", error)


async def test_what_takes_longer_than_the_budget_becomes_an_operation(tmp_path):
    """202 when the workers have not answered in time."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, sync_budget_seconds=0.05) as http:
        response = await http.post("/api/enrichments", json=SINGLE)

    assert response.status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {"identifier": {"email": "a@b.example"}, "fields": ["contact.email"]},
        {"identifier": LINKEDIN, "fields": ["contact.email", "signals"]},
        {"identifiers": [LINKEDIN], "fields": ["contact.email"]},
    ],
    ids=["not LinkedIn", "other fields", "a batch of one"],
)
async def test_only_a_single_linkedin_contact_request_waits(tmp_path, body):
    """Everything else is 202 at once, however fast the workers are."""
    kafka = MemoryKafka()
    answers_with(kafka, Outcome.FOUND, {"status": "success", "data": {}})
    async with front_door(tmp_path, kafka) as http:
        assert (await http.post("/api/enrichments", json=body)).status_code == 202


async def test_the_same_idempotency_key_names_the_same_job(tmp_path):
    """On any front door a repeat gets the id, and so the record key, of the first."""
    kafka = MemoryKafka()
    key = {"Idempotency-Key": "import-7"}
    async with front_door(tmp_path / "a", kafka) as a, front_door(tmp_path / "b", kafka) as b:
        first = await a.post("/api/enrichments", json=BATCH, headers=key)
        second = await b.post("/api/enrichments", json=BATCH, headers=key)
        other = await b.post("/api/enrichments", json=BATCH, headers={"Idempotency-Key": "8"})

    assert first.json()["id"] == second.json()["id"] != other.json()["id"]


async def test_a_key_that_a_batch_had_is_never_an_error_of_ours(tmp_path):
    """A single person under the key of a finished batch: its operation, and no 500."""
    kafka = MemoryKafka()
    kafka.on_request = lambda request: kafka.settle(
        request.job, *[settled(item.index) for item in request.items]
    )
    key = {"Idempotency-Key": "7"}
    async with front_door(tmp_path, kafka, sync_budget_seconds=1) as http:
        batch = await http.post("/api/enrichments", json=BATCH, headers=key)
        single = await http.post("/api/enrichments", json=SINGLE, headers=key)

    assert batch.status_code == 202
    assert single.status_code < 500


async def test_kafka_down_is_503_with_retry_after_and_nothing_is_accepted(tmp_path):
    """Accepted means durable: what Kafka has not taken is not accepted."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        kafka.is_up = False
        response = await http.post("/api/enrichments", json=BATCH)

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["error"] == "Service Unavailable"
    assert kafka.requests == []


def person(**named):
    return {"identifier": named, "fields": ["contact.email"]}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, {"fields", "identifier"}),
        ({"fields": []} | {"identifier": LINKEDIN}, {"fields"}),
        ({"fields": ["contact.fax"], "identifier": LINKEDIN}, {"fields.0"}),
        ({"fields": "contact.email", "identifier": LINKEDIN}, {"fields"}),
        (
            {"fields": ["profile"], "identifier": LINKEDIN, "identifiers": [LINKEDIN]},
            {"identifiers"},
        ),
        ({"fields": ["profile"], "identifiers": []}, {"identifiers"}),
        ({"fields": ["profile"], "identifiers": [LINKEDIN] * 101}, {"identifiers"}),
        ({"fields": ["profile"], "identifiers": LINKEDIN}, {"identifiers"}),
        ({"fields": ["profile"], "identifier": [LINKEDIN]}, {"identifier"}),
        (person(), {"identifier"}),
        (person(**LINKEDIN, email="a@b.example"), {"identifier"}),
        (person(linkedin_url="https://evil.example/in/x"), {"identifier.linkedin_url"}),
        (person(email="nobody"), {"identifier.email"}),
        (person(x_handle="@far-too-long-for-a-handle"), {"identifier.x_handle"}),
        (person(github_username="-no-"), {"identifier.github_username"}),
        (person(email=7), {"identifier.email"}),
        (person(phone="1"), {"identifier", "identifier.phone"}),
        (person(**LINKEDIN) | {"colour": "red"}, {"colour"}),
        (person(**LINKEDIN) | {"signals_config": {"since_days": 0}}, {"signals_config.since_days"}),
        (person(**LINKEDIN) | {"signals_config": []}, {"signals_config"}),
        (
            person(**LINKEDIN)
            | {"signals_config": {"platforms": ["githib", "hn"], "handles": {"my_space": "m"}}},
            {"signals_config.platforms.0", "signals_config.handles.my_space.[key]"},
        ),
    ],
)
async def test_every_fault_of_a_body_is_named_where_it_is(tmp_path, body, places):
    """400 with one entry for each fault, and nothing is published."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=body)

    answer = response.json()
    assert response.status_code == 400
    assert answer["message"] == "Validation failed"
    assert {fault["property"] for fault in answer["errors"]} == places
    assert all(fault["message"] and fault["constraints"] for fault in answer["errors"])
    assert kafka.requests == []


@pytest.mark.parametrize(("persons", "status"), [(1, 202), (2, 400)])
async def test_handles_are_those_of_one_person(tmp_path, persons, status):
    """In a batch of several they would be taken for everybody's, so it is refused and says why."""
    body = {
        "identifiers": [{"email": f"{n}@b.example"} for n in range(persons)],
        "fields": ["signals"],
        "signals_config": {"handles": {"bluesky": "mira.example"}},
    }
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.post("/api/enrichments", json=body)

    assert response.status_code == status
    if status == 400:
        (fault,) = response.json()["errors"]
        assert fault["property"] == "signals_config.handles"
        assert "one person" in fault["message"]


async def test_platforms_may_be_named_in_any_usual_way(tmp_path):
    """Other names and any case, and those that only a provider of the operator's own has."""
    config = {"platforms": ["GitHub", "hn", "linkedin", "crm"], "max_posts": {"Twitter": 5}}
    body = person(**LINKEDIN) | {"fields": ["signals"], "signals_config": config}
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.post("/api/enrichments", json=body)

    assert response.status_code == 202


async def test_all_faults_of_a_batch_are_listed_at_once(tmp_path):
    """The faults of different places and kinds come together."""
    bad = {
        "identifiers": [{"email": "x"}, LINKEDIN, {}, {"x_handle": "a b"}],
        "fields": ["nonsense"],
        "extra": 1,
    }
    async with front_door(tmp_path, MemoryKafka()) as http:
        answer = (await http.post("/api/enrichments", json=bad)).json()

    places = {fault["property"] for fault in answer["errors"]}
    assert places == {
        "identifiers.0.email",
        "identifiers.2",
        "identifiers.3.x_handle",
        "fields.0",
        "extra",
    }


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b'"text"', b"[1]", b"null", b"[" * 100_000, b"NaN"]
)
async def test_what_is_no_json_object_is_a_400(tmp_path, content):
    """Not JSON, or JSON of another kind: a 400 that says so."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.post("/api/enrichments", content=content)

    assert response.status_code == 400
    assert "JSON" in response.json()["message"]


async def test_a_body_over_the_limit_is_a_413(tmp_path):
    """The limit is a setting, and holds for bodies of any content."""
    padded = json.dumps(SINGLE | {"padding": "x" * 2000})
    async with front_door(tmp_path, MemoryKafka(), max_body_bytes=1024) as http:
        response = await http.post("/api/enrichments", content=padded)

    assert response.status_code == 413
    assert response.json()["statusCode"] == 413
