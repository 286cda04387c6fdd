"""Limits: every window is kept, by one worker in memory and by all of them in Redis."""

import asyncio
import contextlib
import shutil
import subprocess

import pytest
from loopback import SECONDS, FastClock, Loopback, says, serving

from enrich_stream.providers.client import CallOutcome, Clock, HttpClient, MemoryLimits
from enrich_stream.providers.client.limits import MARGIN_SECONDS
from enrich_stream.providers.client.rates import (
    EVERY_ENDPOINT,
    Endpoint,
    Rate,
    endpoint,
    parse_limits,
)
from enrich_stream.providers.client.redis_limits import RedisLimits, _keys
from enrich_stream.stack import free_port

PATIENT = 1e9


@pytest.fixture
def clock():
    return FastClock()


@pytest.fixture
async def alone(clock):
    return MemoryLimits(clock)


@pytest.fixture(scope="module")
def redis_url():
    """A Redis server of our own."""
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server")
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout:
            if "Ready to accept connections" in line:
                break
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


@pytest.fixture
async def shared(redis_url, clock):
    """Makes the limits of one worker, which all share one Redis; empty at the start."""
    async with contextlib.AsyncExitStack() as stack:

        def make(url=redis_url):
            made = RedisLimits(url, MemoryLimits(clock), clock)
            stack.push_async_callback(made.close)
            return made

        await make()._redis.flushdb()
        yield make


@pytest.fixture(params=["memory", "redis"])
async def limits(request, clock):
    """Both kinds keep the same rules."""
    if request.param == "memory":
        yield MemoryLimits(clock)
        return
    made = RedisLimits(request.getfixturevalue("redis_url"), MemoryLimits(clock), clock)
    await made._redis.flushdb()
    yield made
    await made.close()


async def taken(limits, rates, times):
    """The moments of so many places, in seconds, as they are kept."""
    moments = []
    for _ in range(times):
        await limits.reserve("a", rates, PATIENT)
        if isinstance(limits, MemoryLimits):
            moments.append(limits._taken["a"][-1])
        else:
            moments.append(float(await limits._redis.lindex(_keys("a")[0], -1)) / 1000)
    return moments


def most_within(moments, seconds):
    """The most of them within any period of that length."""
    return max(sum(at <= later < at + seconds for later in moments) for at in moments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("15/s", {EVERY_ENDPOINT: (Rate(15, 1),)}),
        ("15/s 500/min", {EVERY_ENDPOINT: (Rate(15, 1), Rate(500, 60))}),
        (
            "5000/h, search: 30/min 9/day",
            {EVERY_ENDPOINT: (Rate(5000, 3600),), "search": (Rate(30, 60), Rate(9, 86400))},
        ),
    ],
)
def test_limits_are_written_as_people_write_them(text, expected):
    """Windows in a row, endpoints with a name of their own after a comma."""
    assert parse_limits(text) == expected


@pytest.mark.parametrize("text", ["15", "0/s", "15/week", "15/s; 3/min", "a b: 3/s", "x:", "-1/s"])
def test_other_limits_are_refused(text):
    """With an example of what is expected."""
    with pytest.raises(ValueError, match="15/s 500/min"):
        parse_limits(text)


def test_an_endpoint_takes_its_own_limits_or_those_of_all():
    """A name that stands there wins."""
    text = "15/s, verifier: 10/s"
    assert endpoint("verifier", text) == Endpoint("verifier", (Rate(10, 1),))
    assert endpoint("finder", text) == Endpoint("finder", (Rate(15, 1),))
    assert endpoint("finder", "verifier: 10/s") == Endpoint("finder", ())


async def test_places_keep_to_every_window(limits):
    """Never more in a second than its limit, nor in a minute, wherever it begins; none is lost."""
    moments = await taken(limits, [Rate(3, 1), Rate(20, 60)], 41)
    assert moments == sorted(moments)
    assert most_within(moments, 1) == 3
    assert most_within(moments, 60) == 20
    assert moments[40] - moments[0] == pytest.approx(2 * (60 + MARGIN_SECONDS), abs=1)


async def test_a_place_that_is_too_late_is_not_taken(limits):
    """The next caller with more patience gets it."""
    rates = [Rate(1, 60)]
    await limits.reserve("a", rates, 0)
    late = [await limits.reserve("a", rates, 30) for _ in range(3)]
    assert late == pytest.approx([60 + MARGIN_SECONDS] * 3, abs=1)
    assert await limits.reserve("a", rates, 61) == pytest.approx(60 + MARGIN_SECONDS, abs=1)
    assert await limits.reserve("a", rates, 61) == pytest.approx(2 * late[0], abs=2)


async def test_endpoints_do_not_wait_for_each_other(limits):
    """Each has places of its own."""
    rates = [Rate(1, 60)]
    assert await limits.reserve("a", rates, 0) == 0
    assert await limits.reserve("b", rates, 0) == 0


async def test_without_rates_there_is_room(limits):
    """Nothing is limited that nobody limits."""
    assert [await limits.reserve("a", [], 0) for _ in range(100)] == [0] * 100


async def test_a_hold_moves_every_place_behind_it(limits):
    """It only becomes longer, with rates and without."""
    await limits.hold("a", 60)
    await limits.hold("a", 5)
    assert await limits.held("a") == pytest.approx(60, abs=1)
    assert await limits.reserve("a", [], 0) == pytest.approx(60, abs=1)
    waits = [await limits.reserve("a", [Rate(2, 1)], PATIENT) for _ in range(4)]
    assert waits == pytest.approx([60, 60, 61.1, 61.1], abs=1)
    assert (await limits.held("b"), await limits.reserve("b", [], 0)) == (0, 0)


async def test_time_makes_room(alone, clock):
    """A window that has passed is forgotten, and so is a hold."""
    rates = [Rate(2, 1), Rate(3, 60)]
    for _ in range(3):
        await alone.reserve("a", rates, PATIENT)
    await alone.hold("a", 30)
    clock.ahead += 62
    assert await alone.reserve("a", rates, 0) == 0
    assert await alone.held("a") == 0


async def test_memory_is_bounded(alone, clock):
    """No more moments are kept than the largest limit counts."""
    for _ in range(1000):
        await alone.reserve("a", [Rate(5, 1), Rate(50, 60)], PATIENT)
    assert len(alone._taken["a"]) == 50


async def test_workers_share_places_and_holds(shared):
    """What one takes or is told counts for the other."""
    one, other = shared(), shared()
    rates = [Rate(10, 60)]
    waits = [await limits.reserve("a", rates, 0) for limits in [one, other] * 5]
    assert waits == [0] * 10
    assert await other.reserve("a", rates, 0) == pytest.approx(60 + MARGIN_SECONDS, abs=1)
    await one.hold("b", 60)
    assert await other.held("b") == pytest.approx(60, abs=1)


async def test_many_at_once_get_different_places(shared):
    """Workers that ask at the same moment never take one place twice."""
    workers = [shared() for _ in range(4)]
    await asyncio.gather(
        *(one.reserve("a", [Rate(5, 1), Rate(100, 60)], PATIENT) for one in workers * 25)
    )
    kept = await workers[0]._redis.lrange(_keys("a")[0], 0, -1)
    moments = [float(moment) / 1000 for moment in kept]
    assert len(moments) == 100
    assert most_within(moments, 1) == 5


async def test_the_provider_never_counts_more_than_its_limit(shared):
    """Two workers with twice as many calls: what has no room is put off, by both."""
    fake = Loopback(responses=[says({})])
    clock = Clock()
    async with serving(fake.handle) as url:
        workers = [HttpClient("fake", url, limits=shared(), clock=clock) for _ in range(2)]
        for worker in workers:
            await worker.start()
        at, deadline = endpoint("people", "100/s 10/min"), clock.now() + SECONDS
        calls = (worker.get(at, "/", dict, deadline=deadline) for worker in workers * 10)
        outcomes = [reply.outcome for reply in await asyncio.gather(*calls)]
        for worker in workers:
            await worker.stop()
    assert len(fake.requests) == 10
    assert outcomes.count(CallOutcome.FOUND) == outcomes.count(CallOutcome.RATE_LIMITED) == 10


async def test_redis_forgets_what_no_window_needs(shared):
    """Nothing stays for ever, and no more than the largest limit counts."""
    limits = shared()
    for _ in range(30):
        await limits.reserve("a", [Rate(20, 3600)], PATIENT)
    await limits.hold("a", 60)
    (taken, held) = sorted(await limits._redis.keys(), reverse=True)
    assert await limits._redis.llen(taken) == 20
    assert 3600 < await limits._redis.ttl(taken) <= 2 * 3602
    assert 0 < await limits._redis.ttl(held) <= 60


async def test_without_redis_each_worker_keeps_to_the_limits_alone(shared, capsys):
    """Asking goes on; the log says once that the limits are no longer shared."""
    limits = shared(f"redis://127.0.0.1:{free_port()}/0")
    rates = [Rate(2, 60)]
    waits = [await limits.reserve("a", rates, PATIENT) for _ in range(3)]
    assert waits == pytest.approx([0, 0, 60 + MARGIN_SECONDS], abs=1)
    await limits.hold("a", 600)
    assert await limits.held("a") == pytest.approx(600, abs=1)
    assert capsys.readouterr().out.count("limits.not_shared") == 1


async def test_redis_is_asked_again_after_a_while(shared, clock, redis_url):
    """Not at every call, for waiting in vain takes time; and then the limits are shared again."""
    limits = shared(f"redis://127.0.0.1:{free_port()}/0")
    there = shared(redis_url)
    await limits.reserve("a", [Rate(1, 60)], PATIENT)
    limits._redis, limits._reserve = there._redis, there._reserve
    await limits.reserve("a", [Rate(1, 60)], PATIENT)
    assert await there._redis.keys() == []
    clock.ahead += 5
    assert await limits.reserve("a", [Rate(1, 60)], PATIENT) == 0
    assert await there._redis.keys() != []
