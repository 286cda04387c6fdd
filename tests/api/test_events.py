"""``GET /api/enrichments/{id}/events``: a job as server-sent events."""

import asyncio
import contextlib

import pytest
from event_lines import EventLines, events_of, indexes
from front_door import MemoryKafka, front_door, ready, served_front_door, until
from samples import a_job, settled

from api.events import OpenStreams
from api.problems import Problem
from enrich_stream.person import Outcome

PATHS = ["/api/enrichments/{}/events", "/api/operations/{}/events"]
TOTAL = 5


def answer(index):
    return {"identifier": {"email": f"{index}@x.example"}, "status": "success", "data": {}}


def item(index):
    return settled(index, answer=answer(index), evidence={"of": index})


@contextlib.asynccontextmanager
async def reading(http, **headers):
    """An open stream of the job ``op_1``, as an iterator of its events."""
    async with http.stream("GET", "/api/enrichments/op_1/events", headers=headers) as response:
        assert response.status_code == 200

        async def events():
            lines = EventLines()
            async for line in response.aiter_lines():
                if event := lines.take(line):
                    yield event

        yield events()


@pytest.mark.parametrize("path", PATHS)
async def test_a_finished_job_is_a_snapshot_its_items_and_the_end(tmp_path, path):
    """Each item once, as a poll shows it, in the caller's order; then the stream ends."""
    kafka = MemoryKafka()
    kafka.settle(a_job(3), item(2), item(0), settled(1, Outcome.UNKNOWN, {"status": "failed"}))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        response = await http.get(path.format("op_1"))
        poll = (await http.get("/api/enrichments/op_1")).json()

    state = {name: value for name, value in poll.items() if name != "result"}
    shown = [{"index": i, "item": each} for i, each in enumerate(poll["result"]["items"])]
    assert events_of(response.text) == [
        ("snapshot", "0", state),
        ("item", "1", shown[0]),
        ("item", "3", shown[1]),
        ("item", "7", shown[2]),
        ("done", "7", state),
    ]
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.text.startswith("retry: 2000\n\n")


async def test_items_come_as_they_settle(tmp_path):
    """The stream of a running job stays open and sends each item once, whatever its order."""
    kafka = MemoryKafka()
    job = a_job(3)
    kafka.accept(job)
    async with served_front_door(tmp_path, kafka) as (http, _), reading(http) as events:
        name, _, state = await anext(events)
        assert (name, state["status"], state["progress"]) == ("snapshot", "queued", None)
        for index in (2, 0, 1):
            kafka.settle(job, item(index))
            assert (await anext(events))[2] == {"index": index, "item": answer(index)}
        name, _, state = await anext(events)

        assert (name, state["status"], state["progress"]) == ("done", "succeeded", 100)
        assert [event async for event in events] == []


@pytest.mark.parametrize("seen", range(TOTAL + 3))
async def test_a_stream_resumes_on_any_front_door_without_gap_or_repeat(tmp_path, seen):
    """After any of its events, with items that settled in any order, also after the end."""
    kafka = MemoryKafka()
    job = a_job(TOTAL)
    kafka.settle(job, *map(item, (4, 1)))
    async with (
        served_front_door(tmp_path / "1", kafka) as (one, _),
        served_front_door(tmp_path / "2", kafka) as (other, _),
    ):
        await ready(one)
        first = []
        async with reading(one) as events:
            async for event in events:
                first.append(event)
                if len(first) == 3:
                    kafka.settle(job, *map(item, (0, 3, 2)))
                if len(first) == seen:
                    break
        if seen < 3:
            kafka.settle(job, *map(item, (0, 3, 2)))
        last = {"Last-Event-ID": first[-1][1]} if first else {}
        async with reading(other, **last) as events:
            rest = [event async for event in events]

    assert sorted(indexes(first) + indexes(rest)) == list(range(TOTAL))
    assert rest[-1][0] == "done"
    assert [name for name, _, _ in rest].count("snapshot") == (0 if first else 1)


@pytest.mark.parametrize("last", ["", "x", "-1", "8", "7 ", "0x7", "f" * 100])
async def test_an_id_that_is_of_no_event_of_the_job_is_refused(tmp_path, last):
    """400: to go on after it would leave items out."""
    kafka = MemoryKafka()
    kafka.settle(a_job(3), item(0))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        headers = {"Last-Event-ID": last}
        response = await http.get("/api/enrichments/op_1/events", headers=headers)

    assert response.status_code == 400
    assert "Last-Event-ID" in response.json()["message"]


async def test_a_stream_of_no_job_is_a_404_and_an_unknown_include_a_400(tmp_path):
    """As for a poll, before any event."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), item(0))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)

        assert (await http.get("/api/enrichments/op_none/events")).status_code == 404
        assert (await http.get("/api/enrichments/op_1/events?include=x")).status_code == 400


async def test_evidence_comes_with_each_item_on_request(tmp_path):
    """As in a poll."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), item(0))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        response = await http.get("/api/enrichments/op_1/events?include=evidence")

    assert events_of(response.text)[1][2]["item"] == answer(0) | {"evidence": {"of": 0}}


async def test_a_quiet_stream_shows_that_it_is_alive(tmp_path):
    """A comment, which no reader takes for an event."""
    kafka = MemoryKafka()
    kafka.accept(a_job(1))
    async with (
        served_front_door(tmp_path, kafka, heartbeat_seconds=0.05) as (http, _),
        http.stream("GET", "/api/enrichments/op_1/events") as response,
    ):
        lines = [line async for line in first(response.aiter_lines(), until=": still here")]

    assert [line for line in lines if line.startswith("event")] == ["event: snapshot"]


async def first(lines, until):
    async for line in lines:
        yield line
        if line == until:
            return


async def test_a_stream_ends_when_its_job_is_no_longer_kept(tmp_path):
    """Without an end event: the reader that comes back is told that there is no such job."""
    kafka = MemoryKafka()
    kafka.accept(job := a_job(1))
    async with served_front_door(tmp_path, kafka) as (http, _), reading(http) as events:
        await anext(events)
        kafka.drop(job)

        assert [event async for event in events] == []
        assert (await http.get("/api/enrichments/op_1/events")).status_code == 404


async def test_a_front_door_that_stops_ends_its_streams(tmp_path):
    """Without an end event: the reader resumes on another one."""
    kafka = MemoryKafka()
    kafka.accept(a_job(1))
    async with served_front_door(tmp_path, kafka) as (http, services), reading(http) as events:
        await anext(events)
        services["standby"].dismiss(within_seconds=5)

        assert [event async for event in events] == []


async def test_an_organisation_has_a_bounded_number_of_open_streams(tmp_path):
    """One more is a 429 that says when to try again, until one has been closed."""
    kafka = MemoryKafka()
    kafka.accept(a_job(1))
    async with served_front_door(tmp_path, kafka, organisation_event_streams=1) as (http, services):
        async with reading(http) as events:
            await anext(events)
            refused = await http.get("/api/enrichments/op_1/events")
        await until(lambda: not services["open_streams"].count("default"))
        async with reading(http) as events:
            await anext(events)

    assert refused.status_code == 429
    assert refused.headers["retry-after"]


def test_the_streams_of_one_organisation_take_no_room_from_another():
    """The bound is for each."""
    streams = OpenStreams()
    with streams.hold("acme"):
        streams.check_room("other", 1)
        with pytest.raises(Problem):
            streams.check_room("acme", 1)
    streams.check_room("acme", 1)


async def test_a_reader_that_takes_nothing_is_dropped_and_the_server_goes_on(tmp_path):
    """Its connection ends, what it did not take is not kept for it, and others are served."""
    kafka = MemoryKafka()
    job = a_job(100)
    large = {"identifier": {}, "status": "success", "data": {"profile": "x" * 200_000}}
    async with served_front_door(tmp_path, kafka, send_timeout_seconds=1) as (http, services):
        kafka.settle(job, *(settled(index, answer=large) for index in range(100)))
        await ready(http)
        reader, writer = await asyncio.open_connection(
            http.base_url.host, http.base_url.port, limit=1024
        )
        writer.write(b"GET /api/enrichments/op_1/events HTTP/1.1\r\nhost: a\r\n\r\n")
        await until(lambda: services["open_streams"].count("default") == 1)

        await until(lambda: not services["open_streams"].count("default"), seconds=50)
        assert (await http.get("/health/live")).status_code == 200
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 20):
                pass
        writer.close()


async def test_asking_for_the_headers_alone_opens_no_stream(tmp_path):
    """HEAD ends at once, also while the job runs."""
    kafka = MemoryKafka()
    kafka.accept(a_job(1))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        response = await http.head("/api/enrichments/op_1/events")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
