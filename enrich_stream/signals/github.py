"""GitHub: a user's public events.

Facts (GitHub's REST documentation, ``rest/activity/events``, ``rest/using-the-rest-api`` with
``github-event-types`` and ``rate-limits-for-the-rest-api``, in github/docs):

- ``GET /users/{user}/events/public?per_page<=100&page=`` gives at most 300 events of the last 30
  days, half a minute to six hours late. ``Link`` names the next page; 404 is an unknown user.
- ``ETag`` and 304 cost nothing; ``X-Poll-Interval`` says how often one may ask.
- Without a token 60 calls an hour, with one 5,000. Above that 403 or 429 with
  ``x-ratelimit-remaining: 0`` and ``x-ratelimit-reset``, or with ``retry-after``.
- ``PushEvent`` names no commits any more, and pull requests carry no words. Comments, reviews, and
  issues and discussions when they are opened, are the user's own words: those are the posts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from enrich_stream import clock
from enrich_stream.identifiers import normalise
from enrich_stream.person import IdentifierKind
from enrich_stream.providers.client import Endpoint, HttpClient, Reply
from enrich_stream.signals.conditional import ConditionalReader
from enrich_stream.signals.pages import Page, as_page, has_next, read_pages
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.shape import Event, Post
from enrich_stream.signals.source import Ask, Harvest, OneServer, Seen
from enrich_stream.signals.texts import shortened

DAYS = 30
BY_DAYS = f"GitHub gives the last {DAYS} days"
MAX_EVENTS = 300
BY_EVENTS = f"GitHub gives the newest {MAX_EVENTS} events"
PAGE_SIZE = 100

_WORDS: Mapping[str, tuple[str, str | None]] = {
    "IssueCommentEvent": ("comment", None),
    "CommitCommentEvent": ("comment", None),
    "PullRequestReviewCommentEvent": ("comment", None),
    "PullRequestReviewEvent": ("review", None),
    "IssuesEvent": ("issue", "opened"),
    "DiscussionEvent": ("discussion", "created"),
}
"""Events that may be words: where in the payload, and only with which action."""

_TYPES: Mapping[str, str] = {
    "WatchEvent": "starred",
    "ForkEvent": "forked",
    "PublicEvent": "open_sourced",
    "PushEvent": "pushed",
    "GollumEvent": "wiki_edited",
    "MemberEvent": "member_added",
}
_TYPE_STEMS: Mapping[str, str] = {
    "CommitCommentEvent": "comment",
    "DiscussionEvent": "discussion",
    "IssueCommentEvent": "comment",
    "IssuesEvent": "issue",
    "PullRequestEvent": "pull_request",
    "PullRequestReviewCommentEvent": "comment",
    "PullRequestReviewEvent": "review",
    "ReleaseEvent": "release",
}
"""The same with what was done to it behind, for example ``pull_request_opened``."""


class _Actor(msgspec.Struct):
    login: str


class _Repository(msgspec.Struct):
    name: str


class _Event(msgspec.Struct):
    id: str | int
    type: str
    actor: _Actor
    repo: _Repository
    created_at: datetime
    payload: dict[str, Any] = {}


class GitHubSource(OneServer):
    """What a user did and wrote in public repositories."""

    platform = Platform.GITHUB
    nobody = "nobody-by-that-name-0"

    def __init__(self, http: HttpClient, endpoint: Endpoint) -> None:
        """See ``OneServer``."""
        super().__init__(http, endpoint)
        self._reader = ConditionalReader()

    def handle(self, given: str) -> str:
        """The login in a text."""
        return normalise(IdentifierKind.GITHUB, given).value

    async def read(self, ask: Ask) -> Harvest:
        """The user's events."""
        return await read_pages(ask, partial(self._page, ask), following="1")

    async def _page(self, ask: Ask, number: str | None) -> Reply[Page]:
        reply = await self._reader.get(
            self._http,
            self._endpoint,
            f"/users/{quote(ask.handle, safe='')}/events/public",
            list[_Event],
            deadline=ask.deadline,
            params={"per_page": str(PAGE_SIZE), "page": number or "1"},
        )
        return as_page(reply, partial(_page, int(number or 1), is_last=not has_next(reply)))


def _page(number: int, events: list[_Event], *, is_last: bool) -> Page:
    seen = [
        Seen(event.created_at.astimezone(UTC), _post(event) or _event(event)) for event in events
    ]
    if not is_last:
        return Page(seen=seen, following=str(number + 1))
    if number * PAGE_SIZE >= MAX_EVENTS and seen:
        return Page(seen=seen, goes_back_to=min(one.at for one in seen), limited_by=BY_EVENTS)
    goes_back_to = clock.present() - timedelta(days=DAYS)
    return Page(seen=seen, goes_back_to=goes_back_to, limited_by=BY_DAYS)


def _post(event: _Event) -> Post | None:
    """The words in an event when they are the user's own; None when there are none."""
    member, action = _WORDS.get(event.type, ("", None))
    written = _object(event.payload, member)
    author = _text(_object(written, "user"), "login")
    is_own = author.lower() == event.actor.login.lower() and action in (
        None,
        event.payload.get("action"),
    )
    parts = (_text(written, "title"), _text(written, "body"))
    text = shortened("\n\n".join(part for part in parts if part))
    if not (is_own and text):
        return None
    return Post(
        platform=Platform.GITHUB,
        id=str(event.id),
        url=_text(written, "html_url") or _url(event),
        text=text,
        author=event.actor.login,
        posted_at=clock.iso(event.created_at),
    )


def _event(event: _Event) -> Event:
    release = _object(event.payload, "release")
    about = (_text(release, "name"), _description(event))
    return Event(
        platform=Platform.GITHUB,
        id=str(event.id),
        type=_type(event),
        occurred_at=clock.iso(event.created_at),
        url=_text(release, "html_url") or _url(event),
        text=shortened(": ".join(part for part in (event.repo.name, *about) if part)),
        author=event.actor.login,
    )


def _type(event: _Event) -> str:
    """What was done, in our words; the platform's own for a type that is new."""
    if event.type in _TYPES:
        return _TYPES[event.type]
    if event.type in ("CreateEvent", "DeleteEvent"):
        done = "created" if event.type == "CreateEvent" else "deleted"
        return f"{done}_{_text(event.payload, 'ref_type') or 'ref'}"
    action = _text(event.payload, "action")
    return "_".join(filter(None, (_TYPE_STEMS.get(event.type, event.type), action)))


def _description(event: _Event) -> str:
    """What the user says a repository is that was just created."""
    is_new = event.payload.get("ref_type") == "repository"
    return _text(event.payload, "description") if is_new else ""


def _url(event: _Event) -> str:
    return f"https://github.com/{quote(event.repo.name)}"


def _object(payload: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = payload.get(member)
    return value if isinstance(value, dict) else {}


def _text(payload: Mapping[str, Any], member: str) -> str:
    value = payload.get(member)
    return value.strip() if isinstance(value, str) else ""
