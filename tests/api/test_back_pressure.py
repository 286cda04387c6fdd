"""More than can be kept is refused before it is accepted."""

import pytest
from front_door import MemoryKafka, front_door

BATCH = {"identifiers": [{"email": "mira@x.example"}], "fields": ["contact.email"]}
SINGLE = {"identifier": {"linkedin_url": "in/mira-okafor"}, "fields": ["contact.email"]}


async def post_until_known(http, body):
    """A job that the front door counts from then on."""
    accepted = await http.post("/api/enrichments", json=body)
    await http.get(f"/api/enrichments/{accepted.json()['id']}")


@pytest.mark.parametrize(
    ("bound", "status"), [("organisation_open_jobs", 429), ("max_open_jobs", 503)]
)
async def test_beyond_a_bound_of_open_jobs_nothing_is_accepted(tmp_path, bound, status):
    """An organisation that floods is told so; when all do, the service is what is busy."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, **{bound: 1}) as http:
        await post_until_known(http, BATCH)
        refused = await http.post("/api/enrichments", json=BATCH)

    assert refused.status_code == status
    assert refused.headers["retry-after"]
    assert "Nothing was started" in refused.json()["message"]
    assert len(kafka.requests) == 1


async def test_who_waits_is_not_refused_for_the_batches_of_others(tmp_path):
    """Each lane has its own room."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, max_open_jobs=1, sync_budget_seconds=0.01) as http:
        await post_until_known(http, BATCH)
        answer = await http.post("/api/enrichments", json=SINGLE)

    assert answer.status_code == 202
