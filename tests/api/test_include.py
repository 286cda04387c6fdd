"""``?include=``: partial results, and where values are from."""

import pytest
from front_door import MemoryKafka, front_door, ready
from samples import a_job, settled

from enrich_stream.person import Outcome

EVIDENCE = {"fields": {"contact.email": {"outcome": "found"}}, "trail": [{"provider": "a"}]}


def answer(index):
    return {"identifier": {"email": f"{index}@x.example"}, "status": "success", "data": {}}


def items(*indexes):
    return [settled(i, answer=answer(i), evidence=EVIDENCE | {"of": i}) for i in indexes]


async def get(tmp_path, query, job, *indexes):
    """What a poll with ``query`` says of a job of which ``indexes`` are settled."""
    kafka = MemoryKafka()
    kafka.accept(job)
    if indexes:
        kafka.settle(job, *items(*indexes))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        return await http.get(f"/api/enrichments/op_1?{query}")


@pytest.mark.parametrize(
    ("settled_now", "status"), [((), "queued"), ((3, 1), "processing"), ((0, 1, 2, 3), "succeeded")]
)
async def test_the_items_that_are_settled_are_shown_on_request(tmp_path, settled_now, status):
    """In the caller's order; what is not settled is left out, and each item says whose it is."""
    poll = (await get(tmp_path, "include=items", a_job(4), *settled_now)).json()

    assert poll["status"] == status
    assert poll["result"] == {"items": [answer(index) for index in sorted(settled_now)]}


async def test_without_it_a_running_job_shows_no_result(tmp_path):
    """The contract's plain poll."""
    poll = (await get(tmp_path, "", a_job(4), 1, 3)).json()

    assert (poll["status"], poll["result"]) == ("processing", None)


@pytest.mark.parametrize(
    "query",
    ["include=items,evidence", "include=evidence&include=items", "include=%20evidence,items"],
)
async def test_evidence_is_shown_with_each_item(tmp_path, query):
    """Beside the plain answer: what each value is from, and who was asked."""
    poll = (await get(tmp_path, query, a_job(4), 1, 3)).json()

    expected = [answer(index) | {"evidence": EVIDENCE | {"of": index}} for index in (1, 3)]
    assert poll["result"] == {"items": expected}


async def test_evidence_alone_shows_no_item_early(tmp_path):
    """It says how items are shown, not when."""
    running = await get(tmp_path / "1", "include=evidence", a_job(2), 1)
    ended = await get(tmp_path / "2", "include=evidence", a_job(1, kind="single"), 0)

    assert running.json()["result"] is None
    assert ended.json()["result"] == {
        "items": [answer(0) | {"evidence": EVIDENCE | {"of": 0}}],
        "data": {},
    }


@pytest.mark.parametrize("query", ["include=all", "include=items,", "include=", "include=Items"])
async def test_an_include_that_is_not_known_is_refused(tmp_path, query):
    """400 that names what there is."""
    response = await get(tmp_path, query, a_job(1))

    (fault,) = response.json()["errors"]
    assert response.status_code == 400
    assert fault["property"] == "include"
    assert "items, evidence" in fault["message"]


async def test_a_repeated_item_is_shown_as_it_came_last(tmp_path):
    """A row that is written again, also of a job that has ended, replaces what was shown."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2), *items(0, 1))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        before = (await http.get("/api/enrichments/op_1")).json()
    kafka.settle(a_job(2), settled(1, Outcome.ABSENT, {"status": "failed"}))
    async with front_door(tmp_path, kafka) as http:
        await ready(http)
        after = (await http.get("/api/enrichments/op_1")).json()

    assert (before["status"], after["status"]) == ("succeeded", "partial_success")
    assert after["result"]["items"] == [answer(0), {"status": "failed"}]
