"""Mastodon: whose server is asked, and what may not be."""

import pytest
from fake_platforms import FakeMastodon
from loopback import says
from signal_samples import ANY, an_ask

from enrich_stream.errors import InputError
from enrich_stream.signals.mastodon import DIALECT, MastodonSource
from enrich_stream.signals.public_hosts import NOT_PUBLIC, PublicHosts
from enrich_stream.signals.shape import PlatformStatus

ASK = "mira@social.example"


@pytest.fixture
def fake():
    return FakeMastodon()


@pytest.fixture
async def source(fake, serve, clock):
    return await serve(fake, clock)


@pytest.fixture
def open_source():
    """As it is in production: everybody's own server, at public addresses only."""
    return MastodonSource(PublicHosts("mastodon", dialect=DIALECT), ANY)


async def test_a_post_is_its_warning_and_its_text(fake, source, clock):
    """Without markup, with its address and counts."""
    status = fake._status(0, 1) | {"spoiler_text": "Jobs", "content": "<p>We&apos;re hiring</p>"}
    fake._status = lambda _n, _age: status
    fake.days = [1]
    made = (await source.read(an_ask(ASK, clock=clock))).seen[0].what

    assert (made.text, made.url) == ("Jobs\n\nWe're hiring", "https://social.example/@mira/9999")
    assert made.engagement == {"replies": 1, "reposts": 2, "likes": 3}


async def test_a_post_without_an_address_has_its_identifier(fake, source, clock):
    """Other software than Mastodon leaves it out."""
    fake._status = lambda _n, _age: FakeMastodon()._status(0, 1) | {"url": None}
    fake.days = [1]
    made = (await source.read(an_ask(ASK, clock=clock))).seen[0].what

    assert made.url == "https://social.example/users/mira/statuses/9999"


@pytest.mark.parametrize("status", [401, 403, 422])
@pytest.mark.parametrize("request_number", [1, 2])
async def test_a_server_that_wants_a_token_hides_what_is_there(
    fake, source, clock, status, request_number
):
    """It answered; nobody outside may read it."""
    fake.fail_from(request_number, says({"error": "This method requires a user"}, status))

    assert (await source.read(an_ask(ASK, clock=clock))).status is PlatformStatus.HIDDEN


async def test_one_server_that_fails_does_not_stop_the_others(fake, source, serve, clock):
    """Nor the same one later: no breaker opens and nobody is parked."""
    fake.fail_from(1, says(status=500))
    for _ in range(10):
        harvest = await source.read(an_ask(ASK, clock=clock))
        assert harvest.status is PlatformStatus.UNAVAILABLE
    fake.trouble = None

    assert (await source.read(an_ask(ASK, clock=clock))).status is PlatformStatus.OK


async def test_a_server_that_wants_to_be_left_alone_is(fake, source, clock):
    """Also by the next question about somebody there."""
    limited = says(status=429, headers={"X-RateLimit-Reset": "2026-11-20T12:05:00.000Z"})
    fake.fail_from(1, limited)
    for _ in range(2):
        harvest = await source.read(an_ask(ASK, clock=clock))
        assert harvest.status is PlatformStatus.UNAVAILABLE
        assert harvest.retry_at == pytest.approx(clock.wall() + 300, abs=30)

    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("given", "handle"),
    [
        ("@mira@mastodon.social", "mira@mastodon.social"),
        ("mira.o_k@Social.Example", "mira.o_k@social.example"),
        ("https://mastodon.social/@mira", "mira@mastodon.social"),
        ("https://mastodon.social/@mira/109", "mira@mastodon.social"),
    ],
)
async def test_a_handle_names_its_server(open_source, given, handle):
    """With or without ``@``, or as the address of a profile."""
    assert open_source.handle(given) == handle


@pytest.mark.parametrize(
    "given",
    ["mira", "@mira", "mira@", "@@a.example", "mira@a/b", "mira@a b", "https://a.example/b c@"],
)
async def test_without_a_server_there_is_nobody_to_ask(open_source, given):
    """No server is guessed."""
    with pytest.raises(InputError, match="must be a Mastodon handle"):
        open_source.handle(given)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.5:8080", "[::1]", "169.254.169.254"])
async def test_a_server_at_a_private_address_is_refused(open_source, host):
    """A caller must not learn what is there."""
    with pytest.raises(InputError, match=NOT_PUBLIC):
        open_source.handle(f"mira@{host}")


async def test_a_name_of_a_private_address_is_not_connected_to(open_source, clock):
    """It is judged when it is connected to, by what it is then."""
    harvest = await open_source.read(an_ask("mira@localhost", seconds=2))

    assert harvest.status is PlatformStatus.UNAVAILABLE
    assert harvest.reason == "could not be reached"
