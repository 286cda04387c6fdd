"""The benchmark's own parts: its provider, its arithmetic, its invented jobs."""

import asyncio
import time

import pytest

from bench.http_load import at_rate, fetch, post, saturate
from bench.people import Crowd, person
from bench.provider import Questions
from bench.series import Series, markdown, percentile
from enrich_stream.identifiers import normalise
from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Question
from enrich_stream.providers.endpoint import EndpointProvider


@pytest.fixture
async def provider_port():
    server = await asyncio.get_running_loop().create_server(Questions, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_the_providers_answers_are_understood(provider_port):
    """What the contenders ask speaks the protocol of ``endpoint``, with each person's own data."""
    endpoint = EndpointProvider(f"http://127.0.0.1:{provider_port}/0")
    await endpoint.start()
    loop = asyncio.get_running_loop()
    answer = await endpoint.ask(
        Question(
            identifier=Identifier.parse("linkedin_url:mira"),
            fields=frozenset({Field.EMAIL, Field.PHONE}),
            deadline=loop.time() + 10,
        )
    )
    await endpoint.stop()
    assert answer.findings[Field.EMAIL].values[0].value == "mira@northwind.example"
    assert answer.findings[Field.PHONE].outcome is Outcome.FOUND


async def test_the_provider_takes_the_time_it_is_asked_for(provider_port):
    """The number in the path is how many milliseconds an answer takes."""
    started = time.perf_counter()
    await fetch(provider_port, post("/50", b'{"identifier":{"value":"mira"}}'))
    assert time.perf_counter() - started >= 0.05


async def test_load_counts_every_answer(provider_port):
    """Saturating and steady load report a latency for each request, from when it was due."""
    requests = iter(lambda: post("/0", b'{"identifier":{"value":"mira"}}'), None)
    full = await saturate(provider_port, requests, 0.1)
    assert len(full.latencies) == round(full.rate * full.seconds) > 0
    steady = await at_rate(provider_port, requests, 100, 0.1)
    assert len(steady.latencies) == 10


async def test_load_never_takes_an_error_for_an_answer(provider_port):
    """A server that hangs up or refuses ends the measurement."""
    with pytest.raises(ConnectionError):
        await fetch(provider_port, post("/no-number", b'{"identifier":{"value":"mira"}}'))


def test_ratios_are_taken_within_a_round():
    """A slow hour slows both: the ratio is the median of the rounds' ratios, not of medians."""
    series = Series("items/s", "one worker")
    for ours, base in ((10, 5), (100, 40), (3, 1)):
        series.add("ours", ours)
        series.add("base", base)
    assert series.ratio("ours", "base") == 2.5
    assert "| ours | 10 | 2.50 |" in markdown([series], "base")


def test_a_percentile_is_a_value_that_was_measured():
    """The 99th of a hundred values is the largest but one."""
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([3.0], 0.5) == 3.0


def test_nobody_is_asked_about_twice():
    """Batches hold persons nobody has asked about before, already in canonical form."""
    crowd = Crowd()
    persons = crowd.batch() + crowd.batch()
    assert len({one.identifier for one in persons}) == 200
    given = person(7).given["linkedin_url"]
    assert str(normalise(IdentifierKind.LINKEDIN, given)) == person(7).identifier
