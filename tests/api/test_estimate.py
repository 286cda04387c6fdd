"""``POST /api/enrichments/estimate``."""

from datetime import timedelta

import msgspec
import pytest
from front_door import TOPICS, MemoryKafka, front_door

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.records import VERSION, Evidence, FieldResult, RememberedContact, encode

MIRA = {"linkedin_url": "https://www.linkedin.com/in/Mira-Okafor/"}
AGAIN = {"linkedin_url": "in/mira-okafor"}
OTHER = {"email": "A@B.example"}
BODY = {"identifiers": [MIRA, OTHER, AGAIN], "fields": ["contact.email", "contact.phone"]}
ENDPOINT = {"endpoint_url": "http://127.0.0.1:9/people"}


def ago(**time):
    return clock.iso(clock.present() - timedelta(**time))


def remembers(kafka, key, as_of, outcome=Outcome.FOUND, provider="endpoint"):
    """What ``remember_contact`` writes to its changelog."""
    value = Evidence(value="mira@x.example", provider=provider, verified=True)
    values = (value,) if outcome is Outcome.FOUND else ()
    result = FieldResult(outcome=outcome, values=values, as_of=as_of)
    row = RememberedContact(version=VERSION, person_known=True, fields={Field.EMAIL: result})
    kafka.append(TOPICS.contacts_changelog, key.encode(), encode(row))


async def estimate(tmp_path, kafka, body, **settings):
    async with front_door(tmp_path, kafka, **settings) as http:
        # The first answered read means that the standby has read to the end.
        await http.get("/api/enrichments/op_none")
        response = await http.post("/api/enrichments/estimate", json=body)
    assert response.status_code == 200, response.text
    assert response.json()["meta"] == {"requestId": response.headers["x-request-id"]}
    return response.json()["data"]


async def test_it_tells_what_the_body_would_take_and_starts_nothing(tmp_path):
    """Canonical form, duplicates and calls of each item, and the sum of it all."""
    kafka = MemoryKafka()

    assert await estimate(tmp_path, kafka, BODY, **ENDPOINT) == {
        "mode": "async",
        "persons": 2,
        "maxProviderCalls": 2,
        "items": [
            {
                "identifier": MIRA,
                "canonical": "linkedin_url:mira-okafor",
                "duplicateOf": None,
                "remembered": {},
                "maxProviderCalls": 1,
            },
            {
                "identifier": OTHER,
                "canonical": "email:a@b.example",
                "duplicateOf": None,
                "remembered": {},
                "maxProviderCalls": 1,
            },
            {
                "identifier": AGAIN,
                "canonical": "linkedin_url:mira-okafor",
                "duplicateOf": 0,
                "remembered": {},
                "maxProviderCalls": 0,
            },
        ],
    }
    assert kafka.requests == []


async def test_what_is_remembered_is_told_with_its_age(tmp_path):
    """Its outcome and when it was found out, never the value; a repeat in the batch has it, too."""
    kafka = MemoryKafka()
    as_of = ago(days=2)
    remembers(kafka, "linkedin_url:mira-okafor", as_of)

    told = await estimate(tmp_path, kafka, BODY | {"fields": ["contact.email"]}, **ENDPOINT)

    mira, other, again = told["items"]
    assert mira["remembered"] == {"contact.email": {"outcome": "found", "asOf": as_of}}
    assert again["remembered"] == mira["remembered"]
    assert [item["maxProviderCalls"] for item in (mira, other)] == [0, 1]
    assert "mira@x.example" not in str(told)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"as_of": ago(days=31)}, {}),
        ({"as_of": ago(days=8), "outcome": Outcome.ABSENT}, {}),
        ({"as_of": ago(hours=2)}, {"max_age_seconds": 3600}),
        ({"as_of": ago(hours=2)}, {"max_age_seconds": 0}),
        ({"as_of": ago(hours=2), "provider": "directory"}, {}),
        ({"as_of": ago(hours=2), "provider": "directory"}, {"providers": ["endpoint"]}),
    ],
    ids=["found too long ago", "absent too long ago", "aged", "ask again", "own records", "chosen"],
)
async def test_what_would_not_answer_is_not_told(tmp_path, row, options):
    """The same rules decide as in a worker: age, the job's options, the operator's own records."""
    kafka = MemoryKafka()
    remembers(kafka, "linkedin_url:mira-okafor", **row)
    body = {"identifier": MIRA, "fields": ["contact.email"], "options": options}

    told = await estimate(tmp_path, kafka, body, directory_file=tmp_path / "own.csv", **ENDPOINT)

    (item,) = told["items"]
    assert item["remembered"] == {}
    assert item["maxProviderCalls"] == 1


async def test_a_contact_that_is_forgotten_is_forgotten_here(tmp_path):
    """Retention deletes it from the table, and from every copy."""
    kafka = MemoryKafka()
    remembers(kafka, "linkedin_url:mira-okafor", ago(days=1))
    kafka.append(TOPICS.contacts_changelog, b"linkedin_url:mira-okafor", None)

    told = await estimate(tmp_path, kafka, BODY, **ENDPOINT)

    assert told["items"][0]["remembered"] == {}


@pytest.mark.parametrize(
    ("settings", "options", "calls"),
    [
        ({}, {}, 0),
        (ENDPOINT, {}, 2),
        (ENDPOINT, {"max_provider_calls": 1}, 1),
        (ENDPOINT, {"max_provider_calls": 100}, 2),
        (ENDPOINT, {"providers": ["directory"]}, 0),
    ],
    ids=["nobody to ask", "all", "capped", "cap not reached", "own records only"],
)
async def test_the_most_it_can_cost_counts_only_who_could_be_asked(
    tmp_path, settings, options, calls
):
    """Providers that are on, that the job lets be asked, up to its cap; own records are free."""
    told = await estimate(tmp_path, MemoryKafka(), BODY | {"options": options}, **settings)

    assert told["maxProviderCalls"] == calls


async def test_a_body_that_is_answered_at_once_is_told_to_be(tmp_path):
    """One LinkedIn identifier, contact fields only: sync."""
    body = {"identifier": MIRA, "fields": ["contact.email"]}

    assert (await estimate(tmp_path, MemoryKafka(), body))["mode"] == "sync"


async def test_a_faulty_body_is_the_same_400(tmp_path):
    """What POST would refuse is refused here, for the same reasons."""
    body = msgspec.json.encode({"identifiers": [{}], "fields": ["contact.fax"]})
    async with front_door(tmp_path, MemoryKafka()) as http:
        ours = await http.post("/api/enrichments/estimate", content=body)
        real = await http.post("/api/enrichments", content=body)

    assert ours.status_code == 400
    assert ours.json()["errors"] == real.json()["errors"]
