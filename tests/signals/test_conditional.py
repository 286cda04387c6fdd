"""What is remembered of answers, and how much."""

from typing import Any

import pytest
from loopback import Loopback, says, serving
from signal_samples import ANY, SECONDS, a_client

from enrich_stream.providers.client import CallOutcome
from enrich_stream.signals.conditional import ConditionalReader

NOTHING_NEW = says(status=304)


@pytest.fixture
async def server():
    fake = Loopback()
    async with serving(fake.handle) as url:
        fake.url = url
        yield fake


@pytest.fixture
async def get(server, clock):
    """Asks by a reader; tells what came and under which condition it was asked for."""
    http = a_client(server.url, clock)
    await http.start()

    async def get(reader, path="/a", **params):
        deadline = clock.now() + SECONDS
        reply = await reader.get(http, ANY, path, Any, deadline=deadline, params=params)
        return reply, server.requests[-1].headers.get("If-None-Match")

    yield get
    await http.stop()


async def test_an_answer_is_asked_for_again_by_its_etag(server, get):
    """And stands when nothing is new."""
    reader = ConditionalReader()
    server.answer(says({"n": 1}, headers={"ETag": '"1"'}), NOTHING_NEW)
    first, _ = await get(reader)
    again, etag = await get(reader)

    assert (again.outcome, again.body, etag) == (CallOutcome.FOUND, first.body, '"1"')


async def test_answers_to_different_questions_are_kept_apart(server, get):
    """By path and by query."""
    reader = ConditionalReader()
    server.answer(says({"n": 1}, headers={"ETag": '"1"'}))
    await get(reader)

    assert (await get(reader, "/b"))[1] is None
    assert (await get(reader, page="2"))[1] is None


async def test_an_answer_without_an_etag_is_not_kept(server, get):
    """There is nothing to ask for it again by."""
    reader = ConditionalReader()
    server.answer(says({"n": 1}), says({"n": 2}))
    await get(reader)
    reply, etag = await get(reader)

    assert (reply.body, etag) == ({"n": 2}, None)


async def test_the_memory_is_bounded(server, get):
    """What is used least goes first, and what is larger than all of it is not kept."""
    reader = ConditionalReader(max_bytes=30)
    server.answer(says({"n": "x" * 10}, headers={"ETag": '"1"'}))
    for path in ("/a", "/b", "/c"):
        await get(reader, path)
    assert [(await get(reader, path))[1] for path in ("/c", "/a")] == ['"1"', None]

    server.answer(says({"n": "x" * 100}, headers={"ETag": '"2"'}))
    reply, _ = await get(reader, "/large")
    assert reply.outcome is CallOutcome.FOUND
    assert (await get(reader, "/large"))[1] is None


async def test_a_failure_leaves_what_is_kept(server, get):
    """After it the earlier answer can still be asked for by its ETag."""
    reader = ConditionalReader()
    server.answer(says({"n": 1}, headers={"ETag": '"1"'}), says(status=404), NOTHING_NEW)
    await get(reader)
    gone, _ = await get(reader)
    again, etag = await get(reader)

    assert (gone.outcome, again.body, etag) == (CallOutcome.NOT_FOUND, {"n": 1}, '"1"')
