"""``GET /api/operations``: an organisation's jobs, newest first."""

import re
from datetime import timedelta
from functools import partial

import pytest
from front_door import MemoryKafka, front_door, job_store, ready, services, until
from samples import a_job, settled

from enrich_stream import clock
from enrich_stream.person import Outcome
from enrich_stream.settings import Settings

START = clock.present() - timedelta(hours=1)


def job_number(n, total=1, organisation="default"):
    """The job that was accepted ``n`` seconds into an hour ago."""
    at = clock.iso(START + timedelta(seconds=n))
    return a_job(total, job_id=f"op_{n}", organisation=organisation, accepted_at=at)


def ids(response):
    assert response.status_code == 200, response.text
    return [operation["id"] for operation in response.json()]


def next_page(response):
    """The address of the next page, or None."""
    match = re.fullmatch(r'<(.+)>; rel="next"', response.headers.get("link", ""))
    return match and match[1]


async def has_status(http, job_id, status):
    return (await http.get(f"/api/operations/{job_id}")).json()["status"] == status


async def pages(http, query):
    """All pages from ``query`` on."""
    found, url = [], f"/api/operations?{query}"
    while url:
        response = await http.get(url)
        found.append(ids(response))
        url = next_page(response)
    return found


async def test_the_list_shows_what_each_job_alone_would_show_newest_first(tmp_path):
    """A bare array of the shape of a poll, in the order of acceptance."""
    kafka = MemoryKafka()
    kafka.accept(job_number(1))
    kafka.settle(job_number(3), settled(0))
    kafka.settle(job_number(2, total=2), settled(1, Outcome.ABSENT))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        response = await http.get("/api/operations")
        alone = [(await http.get(f"/api/operations/op_{n}")).json() for n in (3, 2, 1)]

    assert response.json() == alone
    assert [job["status"] for job in alone] == ["succeeded", "processing", "queued"]
    assert response.headers["content-type"] == "application/json"


async def test_other_organisations_are_not_in_the_list(tmp_path):
    """Only the caller's own jobs, also when a name begins with the name of another."""
    kafka = MemoryKafka()
    for n, organisation in enumerate(["default", "acme", "default2", "defaul"]):
        kafka.accept(job_number(n, organisation=organisation))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)

        assert ids(await http.get("/api/operations")) == ["op_0"]
        assert ids(await http.get("/api/operations?status=queued")) == ["op_0"]


async def test_there_is_a_link_to_the_rest_and_every_job_is_on_one_page(tmp_path):
    """Twenty at a time unless told otherwise, and no link on the last page."""
    kafka = MemoryKafka()
    for n in range(45):
        kafka.accept(job_number(n))
    newest_first = [f"op_{n}" for n in reversed(range(45))]
    async with front_door(tmp_path, kafka) as http:
        await ready(http)

        for query, sizes in (("", [20, 20, 5]), ("limit=15", [15, 15, 15]), ("limit=100", [45])):
            found = await pages(http, query)
            assert [len(page) for page in found] == sizes
            assert [job for page in found for job in page] == newest_first


async def test_a_cursor_is_a_place_and_not_a_number_of_jobs(tmp_path):
    """New jobs and a cursor's job that is gone shift nothing."""
    kafka = MemoryKafka()
    jobs = [job_number(n) for n in range(6)]
    for job in jobs:
        kafka.settle(job, settled(0))
    async with services(tmp_path, kafka) as state, front_door(tmp_path / "a", kafka) as http:
        await ready(http)
        first = await http.get("/api/operations?limit=3")
        kafka.accept(job_number(7))
        kafka.drop(jobs[3])
        await until(lambda: state["standby"].view("op_3") is None)
        await ready(http)
        second = await http.get(next_page(first))

    assert (ids(first), ids(second)) == (["op_5", "op_4", "op_3"], ["op_2", "op_1", "op_0"])


async def test_a_status_lists_the_jobs_that_are_in_it_now(tmp_path):
    """A job goes from list to list, and its pages keep the filter."""
    kafka = MemoryKafka()
    job = job_number(1, total=2)
    kafka.accept(job)
    for n in (2, 3):
        kafka.settle(job_number(n), settled(0, Outcome.ABSENT))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        assert await pages(http, "status=queued") == [["op_1"]]
        assert await pages(http, "status=failed&limit=1") == [["op_3"], ["op_2"]]

        moves = (0, "queued", "processing"), (1, "processing", "succeeded")
        for item, before, status in moves:
            kafka.settle(job, settled(item))
            await until(partial(has_status, http, "op_1", status))
            assert await pages(http, f"status={status}") == [["op_1"]]
            assert await pages(http, f"status={before}") == [[]]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=ten", ["limit"]),
        ("limit=", ["limit"]),
        ("limit=%D9%A3", ["limit"]),
        ("status=done", ["status"]),
        ("cursor=abc", ["cursor"]),
        ("cursor=2026-11-23T10%3A00%3A00.000Z/", ["cursor"]),
        ("limit=-1&status=&cursor=%00", ["limit", "status", "cursor"]),
    ],
)
async def test_every_fault_of_a_query_is_named_at_once(tmp_path, query, wrong):
    """400 in the contract's shape, with the parameter as the property."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.get(f"/api/operations?{query}")

    assert response.status_code == 400
    assert [fault["property"] for fault in response.json()["errors"]] == wrong


async def test_links_begin_with_the_public_address(tmp_path):
    """Behind a proxy the address of the request is not the one a caller can reach."""
    kafka = MemoryKafka()
    for n in range(2):
        kafka.accept(job_number(n))
    async with front_door(tmp_path, kafka, public_url="https://enrich.example") as http:
        await ready(http)
        response = await http.get("/api/operations?limit=1&status=queued")

    url = next_page(response)
    assert url.startswith("https://enrich.example/api/operations?limit=1&status=queued&cursor=")


async def test_what_is_no_longer_kept_is_in_no_list(tmp_path):
    """Deleted by a worker, or past its time and not yet deleted."""
    kafka = MemoryKafka()
    kept, dropped = job_number(2), job_number(1)
    expired = a_job(job_id="op_0", organisation="default", accepted_at="2020-01-01T00:00:00.000Z")
    for job in (kept, dropped, expired):
        kafka.settle(job, settled(0))
    kafka.drop(dropped)
    async with front_door(tmp_path, kafka) as http:
        await ready(http)

        assert ids(await http.get("/api/operations")) == ["op_2"]
        assert ids(await http.get("/api/operations?status=succeeded")) == ["op_2"]
        for gone in ("op_0", "op_1"):
            assert (await http.get(f"/api/operations/{gone}")).status_code == 404


async def test_a_copy_that_was_written_otherwise_is_read_from_kafka_again(tmp_path):
    """Without the mark of its layout a copy has no lists: it is emptied, and has all again."""
    kafka = MemoryKafka()
    kafka.settle(job_number(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
    store = job_store(Settings(data_dir=tmp_path))
    store._db.delete_range(b"e/", b"layout")
    store._db.put(b"layout", b"1")
    store.close()

    async with front_door(tmp_path, kafka) as http:
        await ready(http)

        assert ids(await http.get("/api/operations")) == ["op_1"]
        assert (await http.get("/api/operations")).json()[0]["result"]["items"][0]["index"] == 0
