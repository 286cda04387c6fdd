"""Which platforms are asked, made from the settings.

A platform is on when its ``ENRICH_<NAME>_ENABLED`` is true, or when it has a key. GitHub, which is
a provider as well, has a switch of its own and shares the rest: the token and the limits.
"""

from collections.abc import Callable, Mapping

from enrich_stream.providers.client import Dialect, endpoint
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.github import GitHub
from enrich_stream.settings import Settings
from enrich_stream.signals import bluesky, mastodon, rss, x
from enrich_stream.signals.bluesky import BlueskySource
from enrich_stream.signals.github import GitHubSource
from enrich_stream.signals.hackernews import HackerNewsSource
from enrich_stream.signals.mastodon import MastodonSource
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.public_hosts import PublicHosts
from enrich_stream.signals.rss import RssSource
from enrich_stream.signals.source import Source
from enrich_stream.signals.x import XSource

LIMITS: Mapping[Platform, str] = {
    Platform.HACKER_NEWS: "1000/h",
    Platform.BLUESKY: "600/min",
    Platform.MASTODON: "60/min",
    Platform.RSS: "60/min",
    Platform.X: "100/min, users: 20/min",
}
"""As documented; of Mastodon and feeds by each server, and of GitHub by its provider."""


def make_sources(settings: Settings, clients: HttpClients) -> list[Source]:
    """The platforms that the settings turn on."""
    off = sources_off(settings)
    return [_MAKERS[p](settings, clients) for p in Platform if p.value not in off]


def sources_off(settings: Settings) -> dict[str, str]:
    """The platforms that are not asked, each with the reason."""
    return {p.value: why for p in Platform if (why := _why_off(p, settings))}


def _of(settings: Settings, platform: Platform) -> ConnectorSettings:
    found: ConnectorSettings = getattr(settings, platform)
    return found


def _why_off(platform: Platform, settings: Settings) -> str:
    if platform is Platform.GITHUB:
        return "" if settings.signals_github else "ENRICH_SIGNALS_GITHUB is not set"
    its, variable = _of(settings, platform), f"ENRICH_{platform.upper()}"
    if its.enabled is False:
        return f"{variable}_ENABLED is false"
    if platform is Platform.X and not its.secret:
        return f"{variable}_KEY is not set"
    return "" if its.is_wanted else f"{variable}_ENABLED is not set"


def _limits(settings: Settings, platform: Platform) -> str:
    return _of(settings, platform).limits or LIMITS[platform]


def _github(settings: Settings, clients: HttpClients) -> Source:
    provider = GitHub(settings.github, clients)
    http = clients.client(
        provider.name,
        settings.github,
        base_url=provider.base_url,
        headers=provider.headers(settings.github.secret),
        dialect=provider.dialect,
    )
    return GitHubSource(http, provider.endpoint("core"))


def _hacker_news(settings: Settings, clients: HttpClients) -> Source:
    http = clients.client(
        "hackernews", settings.hackernews, base_url="https://hn.algolia.com/api/v1", headers={}
    )
    return HackerNewsSource(http, endpoint("search", _limits(settings, Platform.HACKER_NEWS)))


def _bluesky(settings: Settings, clients: HttpClients) -> Source:
    http = clients.client(
        "bluesky",
        settings.bluesky,
        base_url="https://public.api.bsky.app",
        headers={},
        dialect=bluesky.DIALECT,
    )
    return BlueskySource(http, endpoint("feed", _limits(settings, Platform.BLUESKY)))


def _mastodon(settings: Settings, _clients: HttpClients) -> Source:
    hosts = _hosts(settings, Platform.MASTODON, mastodon.DIALECT, "application/json")
    limits = endpoint("accounts", _limits(settings, Platform.MASTODON))
    base_url = settings.mastodon.base_url
    return MastodonSource(hosts, limits, str(base_url) if base_url else None)


def _rss(settings: Settings, _clients: HttpClients) -> Source:
    hosts = _hosts(settings, Platform.RSS, rss.DIALECT, rss.ACCEPT)
    return RssSource(hosts, endpoint("feed", _limits(settings, Platform.RSS)))


def _x(settings: Settings, clients: HttpClients) -> Source:
    http = clients.client(
        "x",
        settings.x,
        base_url="https://api.x.com",
        headers={"Authorization": f"Bearer {settings.x.secret}"},
        dialect=x.DIALECT,
    )
    limits = _limits(settings, Platform.X)
    return XSource(http, endpoint("posts", limits), endpoint("users", limits))


def _hosts(settings: Settings, platform: Platform, dialect: Dialect, accept: str) -> PublicHosts:
    return PublicHosts(
        platform.value,
        dialect=dialect,
        accept=accept,
        timeout_seconds=_of(settings, platform).timeout_seconds,
        allow_private=settings.signals_private_hosts,
    )


_MAKERS: Mapping[Platform, Callable[[Settings, HttpClients], Source]] = {
    Platform.GITHUB: _github,
    Platform.HACKER_NEWS: _hacker_news,
    Platform.BLUESKY: _bluesky,
    Platform.MASTODON: _mastodon,
    Platform.RSS: _rss,
    Platform.X: _x,
}
