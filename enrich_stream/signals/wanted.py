"""What the caller wants: the ``signals_config`` of a question, with its defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from enrich_stream.providers.base import Question
from enrich_stream.signals.platforms import Platform, own_handle, platform_name

DEFAULT_DAYS = 30
DEFAULT_POSTS = 50
"""Of each platform."""


class _Config(msgspec.Struct):
    platforms: list[str] = []
    max_posts: dict[str, int] = {}
    intent_signals: list[str] = []
    since_days: int | None = None
    handles: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of one person.

    Attributes:
        since: The oldest that is wanted.
        platforms: Which to ask, each once. One of which nothing is wanted is not among them.
        handles: Who the person is there, as given; where it is known.
        most: How many posts and events, where the caller says.
        labels: What to look for in them.
    """

    since: datetime
    platforms: Sequence[str]
    handles: Mapping[str, str]
    most: Mapping[str, int]
    labels: Sequence[str]

    def most_of(self, platform: str) -> int:
        """How many posts and events of a platform."""
        return self.most.get(platform, DEFAULT_POSTS)


def read_wanted(question: Question, now: datetime) -> Wanted:
    """What a question wants.

    Handles of the caller's go before the one that the identifier is. No platforms means all of
    those there is somebody to ask; to want no post of one is not to want it.
    """
    config = msgspec.convert(question.signals_config, _Config)
    most = {platform_name(name): count for name, count in config.max_posts.items()}
    given = {platform_name(name): text for name, text in config.handles.items()}
    names = dict.fromkeys(map(platform_name, config.platforms or Platform))
    return Wanted(
        since=now - timedelta(days=config.since_days or DEFAULT_DAYS),
        platforms=[name for name in names if most.get(name) != 0],
        handles={**own_handle(question.identifier), **given},
        most=most,
        labels=config.intent_signals,
    )
