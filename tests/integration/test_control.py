"""What a caller has in hand: repeats, cancellation, options, on several front doors and workers."""

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from counting_endpoint import counting_endpoint
from service import TOPICS, until

from enrich_stream.records import EnrichedContact, EnrichmentRequested, decode

GENEROUS_SECONDS = 5.0
"""For a machine that is busy with other things; on an idle one it takes milliseconds."""


@pytest.fixture
def names():
    """Persons whom nobody has asked about before."""
    run = uuid.uuid4().hex[:12]
    return [f"{run}-{n}" for n in range(100)]


@pytest.fixture
def asking(service):
    """The service asks an endpoint that counts; begins it with the given time for each answer."""
    with counting_endpoint() as endpoint:
        del service.stack.environ["ENRICH_DIRECTORY_FILE"]
        service.stack.environ["ENRICH_ENDPOINT_URL"] = endpoint.url
        yield endpoint


def body_of(names, **options):
    return {
        "identifiers": [{"linkedin_url": f"in/{name}"} for name in names],
        "fields": ["contact.email"],
        "options": options,
    }


def contacts_of(service, job_id):
    records = [r for r in service.records(TOPICS.contacts) if job_id.encode() in (r.value or b"")]
    return [decode(record.value, EnrichedContact) for record in records]


def test_fifty_posts_at_once_with_one_key_on_two_front_doors_are_one_job(service, asking, names):
    """One operation for all, one record, each person asked about once and put out once."""
    service.workers(2)
    doors = [service.front_door("api-1"), service.front_door("api-2")]
    body, key = body_of(names[:20]), {"Idempotency-Key": names[0]}

    def post(n):
        return doors[n % 2].http.post("/api/enrichments", json=body, headers=key)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))

    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["id"] for answer in answers}
    replayed = Counter("Idempotency-Replayed" in answer.headers for answer in answers)
    assert replayed == {True: 49, False: 1}
    assert doors[0].result(job_id)["status"] == "succeeded"
    # Other tests leave records there that nobody can read.
    ours = [r.value for r in service.records(TOPICS.requests) if names[0].encode() in r.value]
    assert [decode(value, EnrichmentRequested).job.id for value in ours] == [job_id]
    assert asking.calls == Counter(names[:20])
    until(lambda: len(contacts_of(service, job_id)) == 20, "all contacts are out")


def test_a_key_is_known_after_both_sides_were_restarted(service, asking, names):
    """Also on a front door that lost its disk: the truth is in Kafka."""
    service.workers(1)
    body, key = body_of(names[:2]), {"Idempotency-Key": names[0]}
    first = service.front_door("api-1")
    job_id = first.http.post("/api/enrichments", json=body, headers=key).json()["id"]
    first.result(job_id)
    first.process.kill()

    again = service.front_door("api-1").http.post("/api/enrichments", json=body, headers=key)
    other = service.front_door("api-9")
    misuse = other.http.post("/api/enrichments", json=body_of(names[:1]), headers=key)

    assert again.json()["id"] == job_id
    assert again.headers["Idempotency-Replayed"] == "true"
    assert misuse.status_code == 422
    assert asking.calls.total() == 2


def test_after_a_cancellation_no_worker_asks_any_more(service, asking, names):
    """Left alone the job would ask for 25 s; calls end with the answer to DELETE."""
    asking.seconds = 1.0
    service.stack.environ["ENRICH_ITEM_CONCURRENCY"] = "2"
    service.workers(2)
    door, other = service.front_door("api-1"), service.front_door("api-2")
    job_id = door.post(body_of(names)).json()["id"]
    until(lambda: (door.poll(job_id)["progress"] or 0) > 0, "work has begun")

    answer = other.http.delete(f"/api/enrichments/{job_id}")
    answered = time.monotonic()
    service.wait_until_consumed(TOPICS.tasks)

    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert asking.last_call < answered + GENEROUS_SECONDS
    assert asking.calls.total() < len(names)
    service.wait_until_consumed(TOPICS.results)
    assert door.http.delete(f"/api/operations/{job_id}").json() == answer.json()
    assert door.poll(job_id) == answer.json()
    assert 0 < answer.json()["progress"] < 100
    settled = answer.json()["result"]["items"]
    assert {item["status"] for item in settled} == {"success"}
    assert len(settled) == answer.json()["progress"]


def test_a_cancellation_holds_for_workers_that_come_later(service, asking, names):
    """No worker runs: 202 and durable. The first one that comes asks nobody and ends the job."""
    service.stack.environ["ENRICH_CATCH_UP_SECONDS"] = "0.2"
    door = service.front_door()
    job_id = door.post(body_of(names)).json()["id"]

    answer = door.http.delete(f"/api/enrichments/{job_id}")
    service.stack.start_worker("worker-1")

    assert answer.status_code == 202
    assert door.result(job_id)["status"] == "cancelled"
    service.wait_until_consumed(TOPICS.requests)
    service.wait_until_consumed(TOPICS.tasks)
    assert asking.calls == Counter()


def test_a_cap_holds_over_all_workers_and_the_next_estimate_knows_what_is_left(
    service, asking, names
):
    """50 persons, 20 calls: exactly 20 are asked about, and the other 30 are still due."""
    service.workers(2)
    door, other = service.front_door("api-1"), service.front_door("api-2")

    job_id = door.post(body_of(names[:50], max_provider_calls=20)).json()["id"]
    items = door.result(job_id)["result"]["items"]

    assert asking.calls.total() == 20
    refused = [item for item in items if item["status"] == "failed"]
    assert len(refused) == 30
    assert all("max_provider_calls is spent" in item["error"]["message"] for item in refused)

    def estimate(**options):
        body = body_of(names[:50], **options)
        return other.http.post("/api/enrichments/estimate", json=body).json()["data"]

    until(lambda: estimate()["maxProviderCalls"] == 30, "the contacts have arrived")
    assert estimate(max_age_seconds=0)["maxProviderCalls"] == 50
