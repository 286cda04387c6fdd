"""Bluesky: an account's posts, replies and reposts, by the public view of its network.

Facts (the lexicons and ``packages/bsky`` of bluesky-social/atproto; docs.bsky.app, rate limits):

- ``GET /xrpc/app.bsky.feed.getAuthorFeed?actor=&limit<=100&filter=&cursor=`` needs no key. The
  filter ``posts_with_replies`` leaves nothing out; a repost has a ``reason``.
- 400 ``InvalidRequest``, "Profile not found": nobody by that handle. 400 ``AccountTakedown`` and
  ``AccountDeactivated``: the account is not shown to anybody.
- ``createdAt`` is what the author's software wrote, and may be nonsense; ``indexedAt`` is the
  network's. The earlier one of the two is meant to be shown.
- The label ``!no-unauthenticated`` on an account asks to be shown to signed-in people only. It is
  heeded here.
- 3,000 calls in 5 minutes from one address; 429 with ``ratelimit-reset``.
"""

import re
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from yarl import URL

from enrich_stream import clock
from enrich_stream.errors import InputError
from enrich_stream.providers.client import (
    CallOutcome,
    Dialect,
    Reply,
    Response,
)
from enrich_stream.signals.pages import Page, as_page, read_pages, without_body
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.shape import Event, Post
from enrich_stream.signals.source import Ask, Harvest, OneServer, Seen, engagement
from enrich_stream.signals.texts import shortened

PAGE_SIZE = 100
SIGNED_IN_ONLY = "!no-unauthenticated"

EXPECTED = "must be a Bluesky handle, like some-name.bsky.social"
_HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_DID = re.compile(r"did:(?:plc:[a-z2-7]{24}|web:[a-z0-9.-]+)")
_HIDDEN_ERRORS = {"AccountTakedown", "AccountDeactivated"}


class _Label(msgspec.Struct):
    val: str


class _Author(msgspec.Struct):
    did: str
    handle: str
    labels: list[_Label] = []


class _Record(msgspec.Struct, rename={"created_at": "createdAt"}):
    text: str = ""
    created_at: str = ""


class _Post(msgspec.Struct, rename="camel"):
    uri: str
    author: _Author
    record: _Record
    indexed_at: datetime
    like_count: int | None = None
    repost_count: int | None = None
    reply_count: int | None = None
    quote_count: int | None = None


class _Reason(msgspec.Struct, rename="camel"):
    indexed_at: datetime | None = None
    by: _Author | None = None


class _Item(msgspec.Struct):
    post: _Post
    reason: _Reason | None = None


class _Feed(msgspec.Struct):
    feed: list[_Item]
    cursor: str | None = None


def _judge(response: Response) -> CallOutcome | None:
    if response.status != HTTPStatus.BAD_REQUEST:
        return None
    said = response.said()
    if said.get("error") in _HIDDEN_ERRORS:
        return CallOutcome.SUPPRESSED
    is_nobody = said.get("message") == "Profile not found"
    return CallOutcome.NOT_FOUND if is_nobody else CallOutcome.UPSTREAM_ERROR


DIALECT = Dialect(judge=_judge)


class BlueskySource(OneServer):
    """What an account wrote and reposted."""

    platform = Platform.BLUESKY
    nobody = "nobody.invalid"

    def handle(self, given: str) -> str:
        """The handle or identifier in a text: bare, with ``@``, or in the address of a profile."""
        text = given.strip()
        path = URL(text).path.split("/") if "://" in text else ["", "profile", text]
        name = path[2].removeprefix("@").lower() if path[1:2] == ["profile"] and path[2:] else ""
        if not (_HANDLE.fullmatch(name) or _DID.fullmatch(name)):
            raise InputError(EXPECTED)
        return name

    async def read(self, ask: Ask) -> Harvest:
        """The account's feed."""
        return await read_pages(ask, partial(self._page, ask))

    async def _page(self, ask: Ask, cursor: str | None) -> Reply[Page]:
        params = {"actor": ask.handle, "limit": str(PAGE_SIZE), "filter": "posts_with_replies"}
        reply = await self._http.get(
            self._endpoint,
            "/xrpc/app.bsky.feed.getAuthorFeed",
            _Feed,
            deadline=ask.deadline,
            params=params | ({"cursor": cursor} if cursor else {}),
        )
        if reply.body and any(_is_private(item) for item in reply.body.feed):
            return as_page(without_body(reply, CallOutcome.SUPPRESSED), _page_of)
        return as_page(reply, _page_of)


def _is_private(item: _Item) -> bool:
    account = item.reason.by if item.reason and item.reason.by else item.post.author
    return any(label.val == SIGNED_IN_ONLY for label in account.labels)


def _page_of(found: _Feed) -> Page:
    return Page(seen=[_seen(item) for item in found.feed], following=found.cursor)


def _seen(item: _Item) -> Seen:
    post = item.post
    if item.reason and item.reason.by and item.reason.indexed_at:
        at = item.reason.indexed_at.astimezone(UTC)
        return Seen(at, _repost(post, item.reason.by, at))
    at = min(post.indexed_at.astimezone(UTC), _moment(post.record.created_at) or post.indexed_at)
    return Seen(at, _post(post, at))


def _post(post: _Post, at: datetime) -> Post:
    return Post(
        platform=Platform.BLUESKY,
        id=post.uri,
        url=_url(post),
        text=shortened(post.record.text),
        author=post.author.handle,
        posted_at=clock.iso(at),
        engagement=engagement(
            likes=post.like_count,
            reposts=post.repost_count,
            replies=post.reply_count,
            quotes=post.quote_count,
        ),
    )


def _repost(post: _Post, by: _Author, at: datetime) -> Event:
    return Event(
        platform=Platform.BLUESKY,
        id=post.uri,
        type="reposted",
        occurred_at=clock.iso(at),
        url=_url(post),
        author=by.handle,
    )


def _url(post: _Post) -> str:
    key = post.uri.rpartition("/")[2]
    return f"https://bsky.app/profile/{quote(post.author.did, safe=':')}/post/{quote(key, safe='')}"


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
