"""Waiting for a job instead of polling: ``Prefer: wait=N``, and what spares polls."""

import asyncio

import pytest
from front_door import MemoryKafka, front_door, ready, served_front_door, until
from samples import a_job, settled

from enrich_stream.person import Outcome

SINGLE = {
    "identifier": {"linkedin_url": "https://www.linkedin.com/in/mira-okafor"},
    "fields": ["contact.email"],
}
BATCH = {"identifiers": [{"email": "a@b.example"}], "fields": ["contact.email"]}
ANSWER = {"identifier": {}, "status": "success", "data": {"contact": {"email": ["a@b.example"]}}}


async def get_waiting(http, wait, **headers):
    """A task that gets the job ``op_1`` and is willing to wait."""
    headers = {"Prefer": f"wait={wait}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return await http.get("/api/enrichments/op_1", headers=headers)


async def test_a_get_that_may_wait_is_answered_when_the_job_has_ended(tmp_path):
    """One request instead of many; it is not answered for progress alone."""
    kafka = MemoryKafka()
    job = a_job(2)
    kafka.accept(job)
    async with served_front_door(tmp_path, kafka) as (http, services):
        await ready(http)
        waiting = asyncio.create_task(get_waiting(http, 50))
        await until(lambda: services["standby"]._watchers)
        kafka.settle(job, settled(0))
        await until(lambda: services["standby"].view("op_1").progress == 50)
        assert not waiting.done()
        kafka.settle(job, settled(1))
        response = await waiting

    assert response.json()["status"] == "succeeded"
    assert response.headers["preference-applied"] == "wait=50"
    assert "retry-after" not in response.headers


async def test_with_if_none_match_any_news_ends_the_wait(tmp_path):
    """Whoever knows a state is answered with the next one, not only with the last."""
    kafka = MemoryKafka()
    job = a_job(2)
    kafka.accept(job)
    async with served_front_door(tmp_path, kafka) as (http, services):
        await ready(http)
        queued = await http.get("/api/enrichments/op_1")
        waiting = asyncio.create_task(get_waiting(http, 50, If_None_Match=queued.headers["etag"]))
        await until(lambda: services["standby"]._watchers)
        kafka.settle(job, settled(0))
        response = await waiting

    assert (queued.json()["status"], response.json()["status"]) == ("queued", "processing")
    assert response.status_code == 200


async def test_a_wait_that_runs_out_is_answered_with_how_far_the_job_is(tmp_path):
    """200 and the state of that moment, 304 for whoever has it; both say when to ask again."""
    kafka = MemoryKafka()
    kafka.accept(a_job(2))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        response = await get_waiting(http, 1)
        again = await get_waiting(http, 1, If_None_Match=response.headers["etag"])

    assert (response.status_code, response.json()["status"]) == (200, "queued")
    assert (again.status_code, again.content) == (304, b"")
    assert response.headers["retry-after"] == again.headers["retry-after"] == "2"
    assert again.headers["preference-applied"] == "wait=1"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=0", "wait=0"),
        ("wait=61", "wait=60"),
        ("respond-async, Wait = 10; foo=bar", "wait=10"),
        ('wait="7"', "wait=7"),
        ("wait=5, wait=9", "wait=5"),
        ("wait", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=²", None),
        ("wait=" + "9" * 5000, None),
        ("waiting=5", None),
        ("", None),
    ],
)
async def test_what_a_preference_says_is_applied_or_ignored_but_never_an_error(
    tmp_path, prefer, applied
):
    """At most 60 seconds; the first counts; what makes no sense is as if it were not there."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        headers = {"Prefer": prefer.encode()}
        response = await http.get("/api/enrichments/op_1", headers=headers)

    assert response.status_code == 200
    assert response.headers.get("preference-applied") == applied


async def test_a_caller_who_hangs_up_is_waited_for_no_longer(tmp_path):
    """Its wait ends with its connection."""
    kafka = MemoryKafka()
    kafka.accept(a_job(1))
    async with served_front_door(tmp_path, kafka) as (http, services):
        await ready(http)
        _, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
        writer.write(b"GET /api/enrichments/op_1 HTTP/1.1\r\nhost: a\r\nprefer: wait=60\r\n\r\n")
        await until(lambda: services["standby"]._watchers)
        writer.close()

        await until(lambda: not services["standby"]._watchers)


async def test_a_front_door_that_stops_answers_those_who_wait(tmp_path):
    """As far as the job is; they ask another one."""
    kafka = MemoryKafka()
    kafka.accept(a_job(1))
    async with served_front_door(tmp_path, kafka) as (http, services):
        await ready(http)
        waiting = asyncio.create_task(get_waiting(http, 60))
        await until(lambda: services["standby"]._watchers)
        services["standby"].dismiss(within_seconds=0)
        response = await waiting

    assert (response.status_code, response.json()["status"]) == (200, "queued")


async def test_a_job_whose_time_is_over_ends_the_wait_for_it(tmp_path):
    """404, as for any job that is no longer kept."""
    kafka = MemoryKafka()
    kafka.accept(job := a_job(1))
    async with served_front_door(tmp_path, kafka) as (http, services):
        await ready(http)
        waiting = asyncio.create_task(get_waiting(http, 60))
        await until(lambda: services["standby"]._watchers)
        kafka.drop(job)

        assert (await waiting).status_code == 404


async def test_a_post_that_may_wait_gets_the_result_with_its_operation(tmp_path):
    """202 with the members of the contract and those of a poll, for what is never synchronous."""
    kafka = MemoryKafka()
    kafka.on_request = lambda request: kafka.settle(request.job, settled(0, answer=ANSWER))
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=BATCH, headers={"Prefer": "wait=50"})
        poll = (await http.get(f"/api/enrichments/{response.json()['id']}")).json()

    poll_url = f"http://door.example/api/enrichments/{poll['id']}"
    meta = {"requestId": response.headers["x-request-id"]}
    assert response.status_code == 202
    assert response.json() == poll | {"pollUrl": poll_url, "meta": meta}
    assert poll["result"] == {"items": [ANSWER]}
    assert response.headers["preference-applied"] == "wait=50"
    assert "retry-after" not in response.headers


async def test_who_does_not_ask_to_wait_gets_the_members_of_the_contract_and_no_more(tmp_path):
    """Also when the job has ended meanwhile, without an answer to give at once."""
    kafka = MemoryKafka()
    unknown = settled(0, Outcome.UNKNOWN, {"status": "failed", "error": {}})
    kafka.on_request = lambda request: kafka.settle(request.job, unknown)
    async with front_door(tmp_path, kafka) as http:
        response = await http.post("/api/enrichments", json=SINGLE)

    assert response.status_code == 202
    assert response.json().keys() == {"id", "operationId", "status", "pollUrl", "meta"}
    assert response.json()["status"] == "queued"


async def test_a_post_whose_wait_is_over_says_how_far_the_job_is(tmp_path):
    """202 with the state of that moment."""
    kafka = MemoryKafka()
    kafka.on_request = lambda request: kafka.settle(request.job, settled(0, answer=ANSWER))
    batch = BATCH | {"identifiers": BATCH["identifiers"] * 2}
    async with served_front_door(tmp_path, kafka) as (http, services):
        post = http.post("/api/enrichments", json=batch, headers={"Prefer": "wait=60"})
        posting = asyncio.create_task(post)
        standby = services["standby"]
        await until(lambda: any(has_begun(standby.view(job_id)) for job_id in standby._watchers))
        standby.dismiss(within_seconds=0)
        response = await posting

    assert (response.status_code, response.json()["status"]) == (202, "processing")
    assert (response.json()["progress"], response.json()["result"]) == (50, None)
    assert response.headers["retry-after"]


def has_begun(view):
    return view is not None and view.progress


async def test_a_synchronous_request_is_answered_as_ever_within_the_callers_time(tmp_path):
    """200 with the data; a caller who would not wait at all gets the operation at once."""
    kafka = MemoryKafka()
    kafka.on_request = lambda request: kafka.settle(request.job, settled(0, answer=ANSWER))
    async with front_door(tmp_path, kafka, sync_budget_seconds=0) as http:
        waited = await http.post("/api/enrichments", json=SINGLE, headers={"Prefer": "wait=50"})
    kafka.on_request = lambda _: None
    async with front_door(tmp_path, kafka, sync_budget_seconds=50) as http:
        at_once = await http.post("/api/enrichments", json=SINGLE, headers={"Prefer": "wait=0"})

    assert (waited.status_code, waited.json()["data"]) == (200, ANSWER["data"])
    assert (at_once.status_code, at_once.json()["status"]) == (202, "queued")


async def test_an_accepted_request_says_where_and_when_to_look(tmp_path):
    """202 carries the address to poll also as Location, and Retry-After."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.post("/api/enrichments", json=BATCH)

    assert response.headers["location"] == response.json()["pollUrl"]
    assert response.headers["retry-after"] == "2"


async def test_an_answer_is_sent_again_only_when_it_has_changed(tmp_path):
    """304 without a body while the tag holds, on any front door; another include, another tag."""
    kafka = MemoryKafka()
    job = a_job(2)
    kafka.settle(job, settled(0))
    async with front_door(tmp_path / "1", kafka) as one, front_door(tmp_path / "2", kafka) as other:
        await ready(one)
        await ready(other)
        first = await one.get("/api/enrichments/op_1")
        tag = first.headers["etag"]

        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
            again = await other.get("/api/enrichments/op_1", headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        for path, known in (("op_1?include=items", tag), ("op_1", '"other"')):
            full = await other.get(f"/api/enrichments/{path}", headers={"If-None-Match": known})
            assert full.status_code == 200
        kafka.settle(job, settled(1, Outcome.UNKNOWN))
        later = await get_waiting(other, 50, If_None_Match=tag)

    assert later.status_code == 200
    assert later.headers["etag"] != tag
    assert later.headers["cache-control"] == "private, no-cache"
