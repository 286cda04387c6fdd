"""RSS and Atom: the entries of a person's own feed, at the address the caller gives.

Facts (feedparser's documentation; RFC 9110 for conditional requests):

- A feed holds its newest entries and does not say how far back it goes.
- It is asked for with ``If-None-Match`` and ``If-Modified-Since``.
- Feeds move: a redirect is followed, at most three times, never to an address around here.
- feedparser is given bytes behind a stream. A text it would take for an address or a file's name.
"""

import asyncio
import calendar
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import feedparser
from yarl import URL

from enrich_stream import clock
from enrich_stream.errors import InputError
from enrich_stream.providers.client import CallOutcome, Dialect, Endpoint, Reply
from enrich_stream.signals.conditional import ConditionalReader
from enrich_stream.signals.pages import Page, failed, one_page, without_body
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.public_hosts import PublicHosts, check_url
from enrich_stream.signals.shape import PlatformStatus, Post
from enrich_stream.signals.source import Ask, Harvest, Seen
from enrich_stream.signals.texts import plain_text, shortened

MAX_REDIRECTS = 3
ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9"

BY_FEED = "the feed holds its newest entries"
NO_FEED = "there is no feed at that address"
UNDATED = "has entries without a date"
REDIRECTED_AWAY = "redirects to where it must not be asked"
REDIRECTED_TOO_OFTEN = "redirects too often"

_MOVED = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
DIALECT = Dialect(
    statuses={
        401: CallOutcome.SUPPRESSED,
        403: CallOutcome.SUPPRESSED,
        410: CallOutcome.NOT_FOUND,
    }
    # Not asked again there, but where it moved to.
    | dict.fromkeys(_MOVED, CallOutcome.BAD_INPUT)
)


class RssSource:
    """What is in a feed."""

    platform = Platform.RSS
    nobody = ""

    def __init__(self, hosts: PublicHosts, endpoint: Endpoint) -> None:
        """Sets up.

        Args:
            hosts: The servers, made with ``DIALECT`` and ``ACCEPT``.
            endpoint: The limits of each server.
        """
        self._hosts = hosts
        self._endpoint = endpoint
        self._reader = ConditionalReader()

    async def start(self) -> None:
        """Nothing is open between questions."""

    async def stop(self) -> None:
        """Nothing is open between questions."""

    def handle(self, given: str) -> str:
        """The address in a text."""
        try:
            url = URL(given.strip())
        except ValueError:
            url = URL()
        check_url(url, allow_private=self._hosts.allow_private)
        return str(url.with_fragment(None))

    async def read(self, ask: Ask) -> Harvest:
        """The feed's entries."""
        reply = await self._get(URL(ask.handle), ask.deadline)
        if reply.body is None:
            return failed(reply)
        content_type = reply.headers.get("Content-Type", "")
        # In a thread: a large feed takes longer than everybody else should wait.
        feed = await asyncio.to_thread(_parsed, reply.body, content_type, ask.handle)
        if feed is None:
            return Harvest(status=PlatformStatus.INVALID_HANDLE, reason=NO_FEED)
        harvest = one_page(ask, feed.page)
        if feed.has_undated:
            return replace(harvest, status=PlatformStatus.PARTIAL, reason=UNDATED)
        return harvest

    async def _get(self, url: URL, deadline: float, redirects: int = 0) -> Reply[bytes]:
        async with self._hosts.client(url) as http:
            reply = await self._reader.get(http, self._endpoint, str(url), bytes, deadline=deadline)
        if reply.status not in _MOVED:
            return reply
        if redirects == MAX_REDIRECTS:
            return without_body(reply, CallOutcome.UPSTREAM_ERROR, REDIRECTED_TOO_OFTEN)
        try:
            return await self._get(_location(url, reply), deadline, redirects + 1)
        except (InputError, ValueError):
            return without_body(reply, CallOutcome.UPSTREAM_ERROR, REDIRECTED_AWAY)


@dataclass(frozen=True, slots=True)
class _Feed:
    page: Page
    has_undated: bool


def _location(url: URL, reply: Reply[bytes]) -> URL:
    return url.join(URL(reply.headers.get("Location", "")))


def _parsed(body: bytes, content_type: str, url: str) -> _Feed | None:
    """What is in a feed; None when it is none."""
    found = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": content_type, "content-location": url},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    if not found.get("version"):
        return None
    dated = [(at, entry) for entry in found.entries if (at := _moment(entry))]
    who = _text(found.feed, "author") or _text(found.feed, "title")
    seen = [Seen(at, _post(entry, at, who, url)) for at, entry in dated]
    page = Page(
        seen=seen, goes_back_to=min((one.at for one in seen), default=None), limited_by=BY_FEED
    )
    return _Feed(page, has_undated=len(dated) < len(found.entries))


def _post(entry: Mapping[str, Any], at: datetime, who: str, url: str) -> Post:
    link = _text(entry, "link")
    link = link if link.startswith(("https://", "http://")) else url
    parts = (_text(entry, "title"), _content(entry))
    return Post(
        platform=Platform.RSS,
        id=_text(entry, "id") or link,
        url=link,
        text=shortened("\n\n".join(plain_text(part) for part in parts if part)),
        author=_text(entry, "author") or who,
        posted_at=clock.iso(at),
    )


def _content(entry: Mapping[str, Any]) -> str:
    contents = entry.get("content") or [{}]
    return _text(contents[0], "value") or _text(entry, "summary")


def _moment(entry: Mapping[str, Any]) -> datetime | None:
    # As a plain dictionary: feedparser's own takes one of the two for the other, and warns.
    plain = dict(entry)
    parsed = plain.get("published_parsed") or plain.get("updated_parsed")
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _text(given: Mapping[str, Any], member: str) -> str:
    value = given.get(member)
    return value.strip() if isinstance(value, str) else ""
