"""``DELETE /api/enrichments/{id}``."""

import msgspec
import pytest
from front_door import TOPICS, MemoryKafka, front_door
from samples import a_job, a_request, settled

from enrich_stream.person import Outcome
from enrich_stream.records import CancellationRequested, decode, encode

PATHS = ["/api/enrichments/{}", "/api/operations/{}"]


def answer(place):
    return {"identifier": {"email": f"{place}@x.example"}, "status": "success", "data": {}}


def cancellations(kafka):
    return [
        decode(record.value, CancellationRequested)
        for partition, log in kafka.logs.items()
        if partition.topic == TOPICS.cancellations.name
        for record in log
    ]


def cancels(kafka, *items):
    """Let a worker end the job of each cancellation at once, with ``items`` settled before."""
    kafka.on_cancellation = lambda c: kafka.settle(c.job, *items, is_cancelled=True)


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_settled_stays_and_the_job_has_ended(tmp_path, path):
    """200 with the poll's body: cancelled, the progress it had, and the items it had."""
    kafka = MemoryKafka()
    done = [settled(place, answer=answer(place)) for place in (3, 1)]
    kafka.settle(a_job(4), *done)
    cancels(kafka, *done)
    async with front_door(tmp_path, kafka) as http:
        response = await http.delete(path.format("op_1"))
        poll = await http.get(path.format("op_1"))

    assert response.status_code == 200
    assert (
        response.json()
        == poll.json()
        == {
            "id": "op_1",
            "operationId": "op_1",
            "status": "cancelled",
            "progress": 50,
            "result": {"items": [answer(1), answer(3)]},
            "error": {
                "message": "The job was cancelled; 2 of 4 persons were looked up before.",
                "retryable": False,
            },
        }
    )
    (request,) = cancellations(kafka)
    assert request.job.id == "op_1"


async def test_a_second_time_is_answered_like_the_first(tmp_path):
    """And nothing is sent again."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2))
    cancels(kafka)
    async with front_door(tmp_path, kafka) as http:
        first = await http.delete("/api/enrichments/op_1")
        second = await http.delete("/api/enrichments/op_1")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert len(cancellations(kafka)) == 1


async def test_a_job_that_has_ended_stays_as_it_is(tmp_path):
    """200 with its result."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        response = await http.delete("/api/enrichments/op_1")

    assert response.status_code == 200
    assert response.json()["status"] == "succeeded"
    assert cancellations(kafka) == []


async def test_a_job_that_ends_while_it_is_cancelled_is_shown_as_it_ended(tmp_path):
    """The last result crossed the cancellation, which came too late."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1))
    kafka.on_cancellation = lambda request: kafka.settle(request.job, settled(0))
    async with front_door(tmp_path, kafka) as http:
        response = await http.delete("/api/enrichments/op_1")

    assert response.status_code == 200
    assert response.json()["status"] == "succeeded"


async def test_while_no_worker_has_ended_it_a_cancellation_is_a_202(tmp_path):
    """It is durable and will be done; the body says how far the job is."""
    kafka = MemoryKafka()
    kafka.append(TOPICS.requests, b"op_1", encode(a_request(2)))
    async with front_door(tmp_path, kafka, catch_up_seconds=0.1) as http:
        response = await http.delete("/api/enrichments/op_1")

    assert response.status_code == 202
    assert response.json()["status"] == "queued"
    assert len(cancellations(kafka)) == 1


async def test_a_cancellation_that_kafka_does_not_take_is_a_503(tmp_path):
    """The job goes on, and the answer says so."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2))
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_1")
        kafka.is_up = False
        response = await http.delete("/api/enrichments/op_1")

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert "goes on" in response.json()["message"]


async def test_a_job_of_somebody_else_cannot_be_cancelled(tmp_path):
    """Nor one that does not exist: 404, and nothing is sent."""
    kafka = MemoryKafka()
    kafka.settle(msgspec.structs.replace(a_job(2), organisation="other"))
    async with front_door(tmp_path, kafka) as http:
        responses = [await http.delete(f"/api/enrichments/{name}") for name in ("op_1", "op_2")]

    assert [response.status_code for response in responses] == [404, 404]
    assert cancellations(kafka) == []


async def test_a_late_row_of_a_cancelled_item_is_not_shown(tmp_path):
    """A worker that had lost its partitions may still write one; the job has ended without it."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2), settled(0), is_cancelled=True)
    kafka.settle(a_job(2), settled(1))
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_none")
        poll = (await http.get("/api/enrichments/op_1")).json()

    assert (poll["status"], poll["progress"]) == ("cancelled", 50)
    assert len(poll["result"]["items"]) == 1


async def test_a_request_that_waits_gets_the_operation_when_its_job_is_cancelled(tmp_path):
    """202: there is no data, and that must not read as "has none"."""
    kafka = MemoryKafka()
    kafka.on_request = lambda request: kafka.settle(request.job, is_cancelled=True)
    async with front_door(tmp_path, kafka) as http:
        body = {"identifier": {"linkedin_url": "in/mira"}, "fields": ["contact.email"]}
        response = await http.post("/api/enrichments", json=body)
        poll = await http.get(f"/api/enrichments/{response.json()['id']}")

    assert response.status_code == 202
    assert poll.json()["status"] == "cancelled"
    assert poll.json()["result"] == {"items": []}


async def test_a_cancelled_job_is_no_open_job(tmp_path):
    """It makes room for the next."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2))
    cancels(kafka, settled(0, Outcome.ABSENT))
    body = {"identifiers": [{"email": "a@x.example"}], "fields": ["contact.email"]}
    async with front_door(tmp_path, kafka, organisation_open_jobs=1) as http:
        await http.get("/api/enrichments/op_1")
        refused = await http.post("/api/enrichments", json=body)
        await http.delete("/api/enrichments/op_1")
        taken = await http.post("/api/enrichments", json=body)

    assert (refused.status_code, taken.status_code) == (429, 202)
