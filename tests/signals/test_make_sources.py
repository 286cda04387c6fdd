"""Which platforms the settings turn on, and how they are asked then."""

import pytest
from fake_platforms import FakeBluesky, FakeGitHub, FakeHackerNews, FakeMastodon, FakeRss, FakeX
from loopback import serving
from signal_samples import an_ask

from enrich_stream.errors import InputError, SetupError
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.registry import make_providers
from enrich_stream.settings import Settings
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.shape import PlatformStatus
from enrich_stream.signals.sources import make_sources, sources_off

ON = ConnectorSettings(enabled=True)
OFF = ConnectorSettings(enabled=False, key="t")
FAKES = {
    "github": FakeGitHub,
    "hackernews": FakeHackerNews,
    "bluesky": FakeBluesky,
    "mastodon": FakeMastodon,
    "rss": FakeRss,
    "x": FakeX,
}


def sources(**settings):
    made = Settings(**settings)
    return make_sources(made, HttpClients(made))


def test_nobody_outside_is_asked_unless_the_operator_says_so():
    """Without a word in the settings there are no signals."""
    assert sources() == []
    assert "signals" not in [provider.name for provider in make_providers(Settings())]


@pytest.mark.parametrize("platform", [p for p in Platform if p is not Platform.GITHUB])
def test_a_platform_is_on_when_it_is_switched_on_or_has_a_key(platform):
    """X only with a key; a switch that is off stays off."""
    switched = sources(**{platform: ON})
    keyed = sources(**{platform: ConnectorSettings(key="t")})

    assert [s.platform for s in switched] == ([] if platform is Platform.X else [platform])
    assert [s.platform for s in keyed] == [platform]
    assert sources(**{platform: OFF}) == []


def test_github_has_a_switch_of_its_own():
    """Who wants its e-mails need not want its signals, and the other way round."""
    assert sources(github=ON) == []
    assert [s.platform for s in sources(signals_github=True)] == [Platform.GITHUB]


def test_each_that_is_off_says_why():
    """With the variable that turns it on."""
    said = sources_off(Settings(rss=ON, bluesky=OFF, x=ON))

    assert said["github"] == "ENRICH_SIGNALS_GITHUB is not set"
    assert said["bluesky"] == "ENRICH_BLUESKY_ENABLED is false"
    assert said["hackernews"] == "ENRICH_HACKERNEWS_ENABLED is not set"
    assert said["x"] == "ENRICH_X_KEY is not set"
    assert "rss" not in said


@pytest.mark.parametrize("name", FAKES)
async def test_the_settings_reach_the_platform(name, clock):
    """Its address and its key, under the names that operators know."""
    fake = FAKES[name]()
    async with serving(fake.serve) as url:
        fake.url = url
        settings = ConnectorSettings(enabled=True, base_url=url, key="t")
        made = Settings(
            signals_private_hosts=True, signals_github=name == "github", **{name: settings}
        )
        (source,) = make_sources(made, HttpClients(made, clock))
        await source.start()
        harvest = await source.read(an_ask(source.handle(fake.handle), clock=clock))
        await source.stop()

    assert harvest.status is PlatformStatus.OK
    assert len(harvest.seen) == 3
    if name in ("github", "x"):
        assert fake.requests[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize("platform", ["rss", "mastodon"])
def test_private_addresses_are_refused_unless_the_operator_allows_them(platform):
    """For all that callers name themselves."""
    address = {"rss": "http://127.0.0.1/feed", "mastodon": "mira@127.0.0.1"}[platform]
    (closed,) = sources(**{platform: ON})
    with pytest.raises(InputError, match="public"):
        closed.handle(address)
    (opened,) = sources(**{platform: ON}, signals_private_hosts=True)
    assert opened.handle(address) == address


async def test_github_counts_its_calls_together_with_the_provider(clock):
    """One address has one limit, whoever of us uses it."""
    fake = FakeGitHub()
    async with serving(fake.serve) as url:
        github = ConnectorSettings(enabled=True, base_url=url, limits="1/h")
        settings = Settings(github=github, signals_github=True)
        clients = HttpClients(settings, clock)
        (source,) = make_sources(settings, clients)
        (provider,) = [p for p in make_providers(settings, clients) if p.name == "github"]
        await provider.start()
        await provider.check(clock.now() + 5)
        await provider.stop()
        await source.start()
        harvest = await source.read(an_ask("mira", clock=clock))
        await source.stop()

    assert harvest.status is PlatformStatus.UNAVAILABLE
    assert len(fake.requests) == 1


def test_a_wrong_file_of_rules_stops_the_start(tmp_path):
    """Before anything is asked."""
    with pytest.raises(SetupError, match="ENRICH_SIGNALS_INTENT_RULES_FILE"):
        make_providers(Settings(rss=ON, signals_intent_rules_file=tmp_path / "none.yaml"))
