"""What holds for every platform, however it says it."""

import asyncio

import pytest
from fake_platforms import FAKES
from loopback import breaks_off, hangs, hangs_up, says, says_bytes, stalls
from signal_samples import an_ask, days_ago, ids, iso

from enrich_stream.signals.pages import BY_MAX_POSTS
from enrich_stream.signals.shape import PlatformStatus

MIB = 1024 * 1024


@pytest.fixture(params=FAKES, ids=lambda kind: kind.__name__)
def fake(request):
    return request.param()


@pytest.fixture(params=[kind for kind in FAKES if kind.pages], ids=lambda kind: kind.__name__)
def paged(request):
    """One that has more than one page, and much to put on them."""
    return request.param(days=[n / 10 for n in range(10, 260)])


async def read(source, clock, handle, **options):
    return await source.read(an_ask(source.handle(handle), clock=clock, **options))


async def test_what_was_said_since_then_is_listed_newest_first(fake, serve, clock):
    """Each with an id, its time, an address and the author; what is older is not."""
    fake.days = [1, 2, 3, 29, 40]
    harvest = await read(await serve(fake, clock), clock, fake.handle)

    assert (harvest.status, harvest.reason) == (PlatformStatus.OK, "")
    assert [one.at for one in harvest.seen] == [days_ago(n) for n in (1, 2, 3, 29)]
    assert harvest.since == days_ago(30)
    for one in harvest.seen:
        what = one.what
        assert what.id
        assert what.text
        assert what.author
        assert what.url.startswith("https://")
        when = what.posted_at if hasattr(what, "posted_at") else what.occurred_at
        assert when == iso(one.at)


async def test_pages_are_read_to_the_end_of_what_is_wanted(paged, serve, clock):
    """Nothing twice, nothing left out, in as few requests as it takes."""
    harvest = await read(await serve(paged, clock), clock, paged.handle, days=22, most=1000)

    assert len(harvest.seen) == sum(days <= 22 for days in paged.days)
    assert len(set(ids(harvest))) == len(harvest.seen)
    assert harvest.since == days_ago(22)
    assert len(paged.requests) <= 8


async def test_no_more_is_listed_than_wanted(paged, serve, clock):
    """And no page is fetched beyond it."""
    harvest = await read(await serve(paged, clock), clock, paged.handle, most=5)

    assert len(harvest.seen) == 5
    assert (harvest.since, harvest.limited_by) == (harvest.seen[-1].at, BY_MAX_POSTS)
    assert len(paged.requests) <= 2


async def test_somebody_silent_is_not_nobody(fake, serve, clock):
    """A known handle with nothing to list is complete."""
    fake.days = []
    harvest = await read(await serve(fake, clock), clock, fake.handle, days=7)

    assert (harvest.status, list(harvest.seen)) == (PlatformStatus.OK, [])
    assert harvest.since == days_ago(7)


async def test_nobody_by_that_handle_is_an_answer(fake, serve, clock):
    """In each platform's own way of saying so."""
    source = await serve(fake, clock)
    harvest = await read(source, clock, fake.nobody)

    assert harvest.status is PlatformStatus.UNKNOWN_HANDLE
    assert (harvest.reason, harvest.retry_at) == ("", None)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(says(status=500), id="server error"),
        pytest.param(says(status=503, headers={"Retry-After": "5"}), id="overloaded"),
        pytest.param(says(status=429, headers={"Retry-After": "600"}), id="rate limited"),
        pytest.param(says({"hits": 7, "feed": "x", "data": 1, "id": []}), id="wrong types"),
        pytest.param(says_bytes(b"[" * 100_000), id="nested without end"),
        pytest.param(says_bytes(b'{"feed": [', "application/json"), id="cut off"),
        pytest.param(says_bytes(b"x" * (MIB + 1), "application/xml"), id="too large"),
        pytest.param(breaks_off, id="connection lost within"),
        pytest.param(hangs_up, id="connection closed"),
    ],
)
async def test_whatever_goes_wrong_is_never_silence(fake, serve, clock, trouble):
    """Nothing is listed, nothing is complete, and it says why and when to come again."""
    fake.fail_from(1, trouble)
    harvest = await read(await serve(fake, clock), clock, fake.handle)

    if fake.pages or harvest.status is not PlatformStatus.INVALID_HANDLE:
        assert harvest.status is PlatformStatus.UNAVAILABLE
        assert harvest.retry_at is not None
    assert harvest.reason
    assert (list(harvest.seen), harvest.since) == ([], None)


@pytest.mark.parametrize("trouble", [hangs, stalls])
async def test_a_slow_platform_is_not_waited_for_beyond_the_deadline(fake, serve, clock, trouble):
    """Neither for its answer to begin nor for it to end."""
    fake.fail_from(1, trouble)
    source = await serve(fake, clock)
    async with asyncio.timeout(20):
        harvest = await read(source, clock, fake.handle, seconds=0.1)

    assert (harvest.status, harvest.reason) == (PlatformStatus.UNAVAILABLE, "timed out")


async def test_an_outage_half_way_keeps_what_came(paged, serve, clock):
    """As a part that says since when it is complete."""
    source = await serve(paged, clock)
    whole = await read(source, clock, paged.handle, days=22, most=1000)
    needed = len(paged.requests)
    paged.requests.clear()
    paged.fail_from(needed, says(status=500))
    harvest = await read(await serve(paged, clock), clock, paged.handle, days=22, most=1000)

    assert harvest.status is PlatformStatus.PARTIAL
    assert 0 < len(harvest.seen) < len(whole.seen)
    assert (harvest.since, harvest.reason) == (harvest.seen[-1].at, "had an error of its own")


async def test_a_rate_limit_is_waited_for_when_that_is_in_time(fake, serve, clock):
    """The platform's own word for how long it takes counts."""
    limited = says(status=429, headers={"Retry-After": "3"})
    fake.trouble = lambda n: limited if n == 1 else None
    harvest = await read(await serve(fake, clock), clock, fake.handle)

    assert harvest.status is PlatformStatus.OK
    assert len(harvest.seen) == 3
    assert max(clock.waits) == pytest.approx(3, abs=0.5)


async def test_a_rate_limit_that_takes_longer_says_when_it_ends(fake, serve, clock):
    """Nobody holds a place for ten minutes."""
    fake.fail_from(1, says(status=429, headers={"Retry-After": "600"}))
    harvest = await read(await serve(fake, clock), clock, fake.handle)

    assert harvest.retry_at == pytest.approx(clock.wall() + 600, abs=30)
    assert len(fake.requests) == 1
