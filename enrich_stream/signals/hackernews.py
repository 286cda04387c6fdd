"""Hacker News: a user's stories and comments, by Algolia's search of it.

Facts (the API page of hn.algolia.com in algolia/hn-search, ``app/views/pages/api.html.haml``):

- ``GET /search_by_date?tags=(story,comment,poll),author_{user}&numericFilters=created_at_i>={s}``
  gives ``hits`` newest first, ``page`` from 0, ``nbPages``. Algolia gives 1,000 hits at most.
- A name that nobody has gives no hits; ``GET /users/{user}`` is 404 for it. Names are
  case-sensitive.
- No key. Limits are by address and in no header; the page says 1,000 calls an hour, other places
  10,000.
- Texts are HTML.
"""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from yarl import URL

from enrich_stream import clock
from enrich_stream.errors import InputError
from enrich_stream.providers.client import CallOutcome, Reply
from enrich_stream.signals.pages import Page, as_page, failed, read_pages
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.shape import PlatformStatus, Post
from enrich_stream.signals.source import Ask, Harvest, OneServer, Seen, engagement
from enrich_stream.signals.texts import plain_text, shortened

PAGE_SIZE = 100
MAX_HITS = 1000
BY_HITS = f"Algolia gives the newest {MAX_HITS}"

EXPECTED = "must be a Hacker News username, like some_name"
_NAME = re.compile(r"[A-Za-z0-9_-]{2,15}")


class _Hit(msgspec.Struct, rename={"id": "objectID"}):
    id: str
    author: str
    created_at_i: int
    title: str | None = None
    story_text: str | None = None
    comment_text: str | None = None
    points: int | None = None
    num_comments: int | None = None


class _Hits(msgspec.Struct, rename={"pages": "nbPages"}):
    hits: list[_Hit]
    page: int
    pages: int


class HackerNewsSource(OneServer):
    """What a user wrote on Hacker News."""

    platform = Platform.HACKER_NEWS
    nobody = "nobody_0"

    def handle(self, given: str) -> str:
        """The username in a text: bare, or in the address of a profile."""
        text = given.strip()
        name = URL(text).query.get("id", "") if "news.ycombinator.com" in text else text
        if not _NAME.fullmatch(name):
            raise InputError(EXPECTED)
        return name

    async def read(self, ask: Ask) -> Harvest:
        """The user's stories and comments."""
        harvest = await read_pages(ask, partial(self._page, ask), following="0")
        if harvest.seen or harvest.status is not PlatformStatus.OK:
            return harvest
        # Nobody there and nothing said look the same to a search.
        user = await self._http.get(
            self._endpoint,
            f"/users/{quote(ask.handle, safe='')}",
            dict[str, Any],
            deadline=ask.deadline,
        )
        return harvest if user.outcome is CallOutcome.FOUND else failed(user)

    async def _page(self, ask: Ask, number: str | None) -> Reply[Page]:
        reply = await self._http.get(
            self._endpoint,
            "/search_by_date",
            _Hits,
            deadline=ask.deadline,
            params={
                "tags": f"(story,comment,poll),author_{ask.handle}",
                "numericFilters": f"created_at_i>={int(ask.since.timestamp())}",
                "hitsPerPage": str(PAGE_SIZE),
                "page": number or "0",
            },
        )
        return as_page(reply, _page_of)


def _page_of(found: _Hits) -> Page:
    seen = [Seen(datetime.fromtimestamp(hit.created_at_i, UTC), _post(hit)) for hit in found.hits]
    following = found.page + 1
    if following < found.pages:
        return Page(seen=seen, following=str(following))
    if following * PAGE_SIZE >= MAX_HITS and seen:
        return Page(seen=seen, goes_back_to=seen[-1].at, limited_by=BY_HITS)
    return Page(seen=seen)


def _post(hit: _Hit) -> Post | None:
    text = "\n\n".join(
        part for part in (hit.title, hit.story_text and plain_text(hit.story_text)) if part
    ) or plain_text(hit.comment_text or "")
    if not text:
        return None
    return Post(
        platform=Platform.HACKER_NEWS,
        id=hit.id,
        url=f"https://news.ycombinator.com/item?id={quote(hit.id)}",
        text=shortened(text),
        author=hit.author,
        posted_at=clock.iso(datetime.fromtimestamp(hit.created_at_i, UTC)),
        engagement=engagement(points=hit.points, comments=hit.num_comments),
    )
