"""Bluesky: posts and reposts, when they were, and who does not want to be shown."""

import pytest
from fake_platforms import FakeBluesky
from loopback import says
from signal_samples import an_ask, days_ago, iso

from enrich_stream.errors import InputError
from enrich_stream.signals.bluesky import SIGNED_IN_ONLY
from enrich_stream.signals.shape import Event, PlatformStatus

DID = "did:plc:" + "a" * 24


@pytest.fixture
def fake():
    return FakeBluesky()


@pytest.fixture
async def source(fake, serve, clock):
    return await serve(fake, clock)


async def read(source, clock):
    return await source.read(an_ask("mira.example", clock=clock))


async def test_a_post_has_its_address_and_its_counts(source, clock):
    """The address is by the account's own identifier, which a new handle does not change."""
    made = (await read(source, clock)).seen[0].what

    assert made.url == f"https://bsky.app/profile/{DID}/post/0"
    assert (made.text, made.author) == ("Post 0", "mira.example")
    assert made.engagement == {"likes": 3, "reposts": 2, "replies": 1, "quotes": 4}


async def test_a_repost_is_something_done(fake, source, clock):
    """Without the words, which are somebody else's, and at the time of reposting."""
    fake.repost = True
    made = (await read(source, clock)).seen[0].what

    assert isinstance(made, Event)
    assert (made.type, made.text, made.author) == ("reposted", "", "mira.example")
    assert made.occurred_at == iso(days_ago(1))


@pytest.mark.parametrize(
    "created_at", ["2031-01-01T00:00:00Z", "", "yesterday", "0001-01-01T00:00:00+14:00"]
)
async def test_the_networks_time_counts_when_the_softwares_is_nonsense(
    fake, source, clock, created_at
):
    """A post from the future would stand first for years."""
    item = fake._item(0, 1)
    item["post"]["record"]["createdAt"] = created_at
    fake._item = lambda _n, _age: item
    fake.days = [1]

    assert (await read(source, clock)).seen[0].at == days_ago(1)


async def test_an_earlier_time_of_the_software_counts(fake, source, clock):
    """Posts that were moved here from elsewhere are as old as they were."""
    item = fake._item(0, 1)
    item["post"]["record"]["createdAt"] = "2026-11-01T00:00:00+01:00"
    fake._item = lambda _n, _age: item
    fake.days = [1]

    made = (await read(source, clock)).seen[0].what
    assert made.posted_at == "2026-10-31T23:00:00.000Z"


async def test_who_wants_to_be_shown_to_signed_in_people_only_is_not_shown(fake, source, clock):
    """Nothing is listed, and the status says why."""
    fake.labels = (SIGNED_IN_ONLY,)
    harvest = await read(source, clock)

    assert (harvest.status, list(harvest.seen)) == (PlatformStatus.HIDDEN, [])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"error": "AccountTakedown", "message": "Account has been suspended"}, "hidden"),
        ({"error": "AccountDeactivated", "message": "Account is deactivated"}, "hidden"),
        ({"error": "InvalidRequest", "message": "Profile not found"}, "unknown_handle"),
        ({"error": "InvalidRequest", "message": "Error: cursor must be"}, "unavailable"),
    ],
)
async def test_the_same_status_means_many_things(fake, source, clock, error, status):
    """400 is an answer only when it says which."""
    fake.fail_from(1, says(error, 400))

    assert (await read(source, clock)).status == status


@pytest.mark.parametrize(
    ("given", "handle"),
    [
        ("@Mira.example", "mira.example"),
        ("some-name.bsky.social", "some-name.bsky.social"),
        ("https://bsky.app/profile/mira.example", "mira.example"),
        (f"https://bsky.app/profile/{DID}/post/3k", DID),
        (DID, DID),
    ],
)
async def test_a_handle_in_any_spelling(source, given, handle):
    """Bare, with ``@``, as an address, or as an identifier."""
    assert source.handle(given) == handle


@pytest.mark.parametrize(
    "given", ["mira", "mira okafor", "-a.example", "https://bsky.app/", "did:x"]
)
async def test_what_is_no_handle_says_what_one_looks_like(source, given):
    """A name without a domain is not guessed at."""
    with pytest.raises(InputError, match="must be a Bluesky handle"):
        source.handle(given)
