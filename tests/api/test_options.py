"""``options`` in the body of ``POST /api/enrichments``."""

import pytest
from front_door import MemoryKafka, front_door
from samples import a_job, settled

from enrich_stream.records import EnrichmentRequested, JobOptions, decode, encode

BODY = {"identifiers": [{"email": "a@b.example"}], "fields": ["contact.email"]}


def post(http, options):
    return http.post("/api/enrichments", json=BODY | {"options": options})


async def test_options_travel_with_the_job(tmp_path):
    """Workers find them in the record, each as it was given."""
    kafka = MemoryKafka()
    options = {
        "max_age_seconds": 0,
        "max_provider_calls": 7,
        "providers": ["endpoint", "directory"],
        "include": ["evidence", "evidence"],
    }
    async with front_door(tmp_path, kafka) as http:
        assert (await post(http, options)).status_code == 202

    (request,) = kafka.requests
    assert request.job.options == JobOptions(
        max_age_seconds=0,
        max_provider_calls=7,
        providers=("endpoint", "directory"),
        include=("evidence",),
    )


@pytest.mark.parametrize("options", [None, {}, {"max_age_seconds": None, "providers": None}])
async def test_all_options_are_optional(tmp_path, options):
    """Without them the record is the one that older workers know."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        assert (await post(http, options)).status_code == 202

    (request,) = kafka.requests
    assert request.job.options == JobOptions()
    assert b'"max' not in encode(request)
    assert decode(encode(request), EnrichmentRequested) == request


@pytest.mark.parametrize(
    ("options", "place", "constraint"),
    [
        ([], "options", "isObject"),
        ({"colour": "red"}, "options.colour", "whitelistValidation"),
        ({"max_age_seconds": -1}, "options.max_age_seconds", "greater_than_equal"),
        ({"max_age_seconds": "0"}, "options.max_age_seconds", "int_type"),
        ({"max_age_seconds": 10**400}, "options.max_age_seconds", "less_than_equal"),
        ({"max_provider_calls": -1}, "options.max_provider_calls", "greater_than_equal"),
        ({"max_provider_calls": True}, "options.max_provider_calls", "int_type"),
        ({"providers": []}, "options.providers", "arrayNotEmpty"),
        ({"providers": "endpoint"}, "options.providers", "isArray"),
        ({"providers": ["endpoint", "nobody"]}, "options.providers.1", "isIn"),
        ({"providers": ["endpoint"] * 2}, "options.providers", "arrayUnique"),
        ({"include": ["everything"]}, "options.include.0", "literal_error"),
    ],
)
async def test_every_fault_of_the_options_is_named_where_it_is(
    tmp_path, options, place, constraint
):
    """400 with the place and the rule, and nothing is published."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        response = await post(http, options)

    assert response.status_code == 400
    (fault,) = response.json()["errors"]
    assert fault["property"] == place
    assert constraint in fault["constraints"]
    assert kafka.requests == []


async def test_an_unknown_provider_is_told_which_ones_there_are(tmp_path):
    """Whether or not this front door's settings turn them on."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await post(http, {"providers": ["acme"]})

    (fault,) = response.json()["errors"]
    assert fault["message"].startswith("each of providers must be one of directory, endpoint, ")
    assert "hunter" in fault["message"]


async def test_evidence_is_shown_when_the_job_asked_for_it_and_only_then(tmp_path):
    """Each item then says where its values are from, and who was asked."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1, job_id="op_plain"), settled(0))
    kafka.settle(a_job(1, job_id="op_rich", include=("evidence",)), settled(0))
    async with front_door(tmp_path, kafka) as http:
        plain = (await http.get("/api/enrichments/op_plain")).json()
        rich = (await http.get("/api/enrichments/op_rich")).json()

    (item,) = plain["result"]["items"]
    assert "evidence" not in item
    assert rich["result"]["items"] == [item | {"evidence": {}}]


async def test_a_synchronous_answer_has_its_evidence_too(tmp_path):
    """Beside the data, which stays as plain as ever."""
    kafka = MemoryKafka()
    answer = {"status": "success", "data": {"contact": {"email": ["a@x.example"]}}}
    kafka.on_request = lambda request: kafka.settle(request.job, settled(0, answer=answer))
    body = {
        "identifier": {"linkedin_url": "in/mira"},
        "fields": ["contact.email"],
        "options": {"include": ["evidence"]},
    }
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=body)

    assert response.status_code == 200
    assert response.json().keys() == {"data", "evidence", "meta"}
    assert response.json()["data"] == answer["data"]
