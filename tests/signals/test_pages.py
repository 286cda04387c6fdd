"""How far back a platform was read, and what is said of it."""

import pytest
from signal_samples import an_ask, days_ago, found, ids, post

from enrich_stream.providers.client import CallOutcome, Reply
from enrich_stream.signals.pages import BY_MAX_POSTS, BY_PAGES, MAX_PAGES, Page, read_pages
from enrich_stream.signals.shape import PlatformStatus
from enrich_stream.signals.source import Seen

DOWN = Reply(outcome=CallOutcome.UPSTREAM_ERROR, reason="had an error of its own", retry_at=7.0)


async def read(ask, *replies):
    """The harvest of these pages, and which ones were asked for."""
    asked = []

    async def fetch(following):
        asked.append(following)
        return replies[len(asked) - 1]

    return await read_pages(ask, fetch), asked


def page(*days, following=None, **end):
    return found(Page(seen=[post(n) for n in days], following=following, **end))


async def test_pages_are_read_until_what_was_asked_for_is_reached():
    """The first thing that is too old ends it, and is not listed."""
    harvest, asked = await read(
        an_ask(days=10), page(1, 2, following="b"), page(9, 11, following="c")
    )

    assert ids(harvest) == ["p1", "p2", "p9"]
    assert asked == [None, "b"]
    assert (harvest.status, harvest.since) == (PlatformStatus.OK, days_ago(10))
    assert harvest.limited_by == ""


async def test_a_platform_that_has_no_more_is_complete():
    """Nothing is older, so nothing is missing."""
    harvest, _ = await read(an_ask(days=10), page(1))

    assert (ids(harvest), harvest.since, harvest.limited_by) == (["p1"], days_ago(10), "")


async def test_a_shorter_horizon_is_stated():
    """A platform that forgets earlier than was asked for is not called silent before."""
    harvest, _ = await read(an_ask(days=90), page(1, goes_back_to=days_ago(30), limited_by="30"))

    assert (harvest.since, harvest.limited_by) == (days_ago(30), "30")


async def test_a_horizon_longer_than_asked_for_limits_nothing():
    """What the platform forgets was not wanted."""
    harvest, _ = await read(an_ask(days=7), page(1, goes_back_to=days_ago(30), limited_by="30"))

    assert (harvest.since, harvest.limited_by) == (days_ago(7), "")


async def test_no_more_than_wanted_and_it_is_said_since_when_they_are_all():
    """The newest stay; before the last of them there is more."""
    harvest, asked = await read(
        an_ask(most=3), page(1, 2, following="b"), page(3, 4, following="c")
    )

    assert ids(harvest) == ["p1", "p2", "p3"]
    assert asked == [None, "b"]
    assert (harvest.since, harvest.limited_by) == (days_ago(3), BY_MAX_POSTS)


async def test_exactly_as_many_as_wanted_limits_nothing_when_there_are_no_more():
    """Only when a next page was left unread there may be more."""
    harvest, _ = await read(an_ask(days=10, most=2), page(1, 2))
    cut, _ = await read(an_ask(days=10, most=2), page(1, 2, following="b"))

    assert (harvest.since, harvest.limited_by) == (days_ago(10), "")
    assert (cut.since, cut.limited_by) == (days_ago(2), BY_MAX_POSTS)


async def test_things_that_are_not_listed_show_how_far_back_a_page_goes():
    """And do not count for what is wanted."""
    hidden = found(Page(seen=[Seen(days_ago(5), None), post(1)], following="b"))
    harvest, asked = await read(an_ask(days=10, most=2), hidden, page(11, following="c"))

    assert (ids(harvest), asked) == (["p1"], [None, "b"])
    assert harvest.since == days_ago(10)


async def test_a_platform_without_end_is_left_at_some_page():
    """What one question may cost is bounded."""
    pages = [page(n, following=str(n)) for n in range(1, 99)]
    harvest, asked = await read(an_ask(days=90, most=1000), *pages)

    assert len(asked) == MAX_PAGES
    assert (harvest.since, harvest.limited_by) == (days_ago(MAX_PAGES), BY_PAGES)


async def test_what_is_out_of_order_is_put_in_order():
    """Newest first, whatever the platform does."""
    harvest, _ = await read(an_ask(), page(3, 1, 2))

    assert ids(harvest) == ["p1", "p2", "p3"]


async def test_an_outage_is_never_silence():
    """A first page that does not come leaves nothing, says why, and when to come again."""
    harvest, _ = await read(an_ask(), DOWN)

    assert (harvest.status, harvest.seen, harvest.since) == (PlatformStatus.UNAVAILABLE, (), None)
    assert (harvest.reason, harvest.retry_at) == ("had an error of its own", 7.0)


async def test_an_outage_half_way_keeps_what_came_before():
    """As a part, which says since when it is complete."""
    harvest, _ = await read(an_ask(), page(1, 2, following="b"), DOWN)

    assert (harvest.status, ids(harvest)) == (PlatformStatus.PARTIAL, ["p1", "p2"])
    assert (harvest.since, harvest.limited_by) == (days_ago(2), "had an error of its own")
    assert (harvest.reason, harvest.retry_at) == ("had an error of its own", 7.0)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (CallOutcome.NOT_FOUND, PlatformStatus.UNKNOWN_HANDLE),
        (CallOutcome.BAD_INPUT, PlatformStatus.UNKNOWN_HANDLE),
        (CallOutcome.SUPPRESSED, PlatformStatus.HIDDEN),
        (CallOutcome.RATE_LIMITED, PlatformStatus.UNAVAILABLE),
        (CallOutcome.BAD_KEY, PlatformStatus.UNAVAILABLE),
        (CallOutcome.OUT_OF_CREDITS, PlatformStatus.UNAVAILABLE),
        (CallOutcome.PENDING, PlatformStatus.UNAVAILABLE),
    ],
)
async def test_only_what_a_platform_says_of_a_person_is_an_answer(outcome, status):
    """Everything else is that it could not be asked."""
    harvest, _ = await read(an_ask(), Reply(outcome=outcome, reason="why", retry_at=7.0))

    assert harvest.status is status
    assert bool(harvest.reason) == (status is PlatformStatus.UNAVAILABLE)
