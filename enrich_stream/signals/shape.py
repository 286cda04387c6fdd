"""``data.signals`` as the HTTP contract shows it.

```
{"posts": [...], "events": [...], "intent": [...], "summary": {"github": {...}}, "errors": [...]}
```

Posts and events stand newest first. Times are ISO 8601, UTC, milliseconds. A platform that could
not be asked has a status that says so and an entry in ``errors``; it is never just silent.
"""

from enum import StrEnum

import msgspec


class PlatformStatus(StrEnum):
    """What came of asking one platform.

    ================  =============================================================================
    ok                it answered; everything since ``since`` is listed
    partial           it answered in part: before ``since`` there may be more
    unavailable       it could not be asked now: down, too slow, or asked too often
    unknown_handle    it answered: nobody has that handle
    hidden            it answered: what this person writes is not public there
    no_handle         nothing says who the person is there
    invalid_handle    the handle that was given is none of this platform
    not_set_up        this service is not set up to ask it
    ================  =============================================================================
    """

    OK = "ok"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"
    UNKNOWN_HANDLE = "unknown_handle"
    HIDDEN = "hidden"
    NO_HANDLE = "no_handle"
    INVALID_HANDLE = "invalid_handle"
    NOT_SET_UP = "not_set_up"


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the person wrote.

    Attributes:
        platform: Where.
        id: The platform's own.
        url: Where it can be read.
        text: Without markup; at most ``texts.MAX_CHARS``.
        author: The person's handle there.
        posted_at: When.
        engagement: The platform's counts, for example ``likes``; those it gives.
    """

    platform: str
    id: str
    url: str
    text: str
    author: str
    posted_at: str
    engagement: dict[str, int] = msgspec.field(default_factory=dict)


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the person did.

    Attributes:
        type: What, for example ``starred``.
        platform: Where.
        occurred_at: When.
        id: The platform's own; empty for an operator's own records.
        url: Where it can be seen.
        text: With what, for example the repository.
        author: The person's handle there.
        evidence: In an operator's own records: what it is known from.
        confidence: The same: how sure that is, 0 to 1.
        engagement: The platform's counts; those it gives.
    """

    type: str
    platform: str
    occurred_at: str
    id: str = ""
    url: str = ""
    text: str = ""
    author: str = ""
    evidence: str = ""
    confidence: float | None = None
    engagement: dict[str, int] = msgspec.field(default_factory=dict)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Why an intent is believed: words of one post or event.

    Attributes:
        platform: Of the post or event.
        id: Of the post or event.
        rule: The rule that found them; ``caller:`` and the label for the caller's own.
        excerpt: The words.
        start: Where they begin in its text, in characters.
        end: Where they end, exclusive.
    """

    platform: str
    id: str
    rule: str
    excerpt: str
    start: int
    end: int


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Something the person may be up to.

    Attributes:
        signal: Its name, for example ``hiring``; a label of the caller's as it was given.
        label: The same for people to read.
        score: 0 to 1: how sure, by the weights of the rules; see ``intent.py``.
        asked_for: Whether the caller asked for it in ``intent_signals``.
        matches: Newest first.
    """

    signal: str
    label: str
    score: float
    asked_for: bool
    matches: tuple[Match, ...]


class PlatformSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One platform's part.

    Attributes:
        status: What came of asking it.
        count: Its posts and events listed here.
        since: From when on nothing is missing; absent when it did not answer.
        limited_by: Why that is later than was asked for.
    """

    status: PlatformStatus
    count: int = 0
    since: str | None = None
    limited_by: str | None = None


class PlatformError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a platform's part is missing or not complete.

    Attributes:
        platform: Which.
        message: What is wrong; no names and no handles.
        retryable: Whether asking again may help.
        retry_at: From when on, when the platform says so.
    """

    platform: str
    message: str
    retryable: bool
    retry_at: str | None = None


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; ``summary`` has every platform that was to be asked."""

    posts: tuple[Post, ...]
    events: tuple[Event, ...]
    intent: tuple[Intent, ...]
    summary: dict[str, PlatformSummary]
    errors: tuple[PlatformError, ...]
