"""The platforms by name, and who the person is on each of them."""

from collections.abc import Mapping
from enum import StrEnum

from enrich_stream.person import Identifier, IdentifierKind


class Platform(StrEnum):
    """Where there is somebody to ask."""

    GITHUB = "github"
    HACKER_NEWS = "hackernews"
    BLUESKY = "bluesky"
    MASTODON = "mastodon"
    RSS = "rss"
    X = "x"


OTHER_PLATFORMS = frozenset(
    {"linkedin", "reddit", "tiktok", "instagram", "web", "crm", "directory"}
)
"""Names that a caller may give all the same: no public API has what is there, but a provider of the
operator's own may."""

_ALIASES: Mapping[str, str] = {
    "bsky": Platform.BLUESKY,
    "feed": Platform.RSS,
    "hacker_news": Platform.HACKER_NEWS,
    "hn": Platform.HACKER_NEWS,
    "twitter": Platform.X,
}
_PLATFORM_OF_KIND: Mapping[IdentifierKind, Platform] = {
    IdentifierKind.GITHUB: Platform.GITHUB,
    IdentifierKind.X: Platform.X,
}

KNOWN_NAMES: frozenset[str] = frozenset({*Platform, *_ALIASES, *OTHER_PLATFORMS})
"""What a caller may write, in any case."""


def platform_name(given: str) -> str:
    """The name that stands in results for one a caller gave."""
    name = given.strip().lower()
    return str(_ALIASES.get(name, name))


def own_handle(identifier: Identifier) -> Mapping[str, str]:
    """The handle that an identifier is, by platform; empty when it is none."""
    platform = _PLATFORM_OF_KIND.get(identifier.kind)
    return {platform.value: identifier.value} if platform else {}
