"""X: an account's posts, by the paid API. Off without a token.

Facts (xdevplatform/docs: ``x-api/posts/timelines``, and ``response-codes-and-errors`` and
``rate-limits`` in ``x-api/fundamentals``; prices of February 2026):

- ``GET /2/users/by/username/{handle}`` gives ``data.id``; ``GET /2/users/{id}/tweets`` gives the
  newest 3,200 posts: ``max_results`` 5 to 100, ``start_time``, ``exclude=retweets``;
  ``meta.next_token`` is the next page's ``pagination_token``. Without posts there is no ``data``.
  Texts have ``&``, ``<`` and ``>`` as in HTML.
- 200 may come with ``errors`` and without ``data``: ``resource-not-found`` for an unknown or
  suspended account, ``not-authorized-for-resource`` for a protected one.
- 429 with ``x-rate-limit-reset`` (epoch seconds) and no ``Retry-After``; 429 ``usage-capped`` and
  402 when what was paid for is used up; 403 ``client-forbidden`` when the app may not ask at all.
- One user read costs $0.010 and one post $0.005, each once a day.
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import unescape
from http import HTTPStatus

import msgspec
from cachetools import TTLCache

from enrich_stream import clock
from enrich_stream.identifiers import normalise
from enrich_stream.person import IdentifierKind
from enrich_stream.providers.client import (
    CallOutcome,
    Dialect,
    Endpoint,
    HttpClient,
    Reply,
    Response,
)
from enrich_stream.signals.pages import Page, as_page, failed, read_pages
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.shape import Post
from enrich_stream.signals.source import Ask, Harvest, OneServer, Seen, engagement
from enrich_stream.signals.texts import shortened

LEAST_RESULTS, MOST_RESULTS = 5, 100
DOLLARS_A_USER, DOLLARS_A_POST = 0.010, 0.005

_KNOWN_IDS = 10_000
_ID_SECONDS = 24 * 3600.0
"""Handles change hands; within a day a user is not charged for twice anyway."""


class _User(msgspec.Struct):
    id: str


class _UserFound(msgspec.Struct):
    data: _User


class _Metrics(msgspec.Struct):
    like_count: int | None = None
    reply_count: int | None = None
    retweet_count: int | None = None
    quote_count: int | None = None
    impression_count: int | None = None


class _LongText(msgspec.Struct):
    text: str


class _Tweet(msgspec.Struct):
    id: str
    text: str
    created_at: datetime
    public_metrics: _Metrics = msgspec.field(default_factory=_Metrics)
    note_tweet: _LongText | None = None


class _Meta(msgspec.Struct):
    next_token: str | None = None


class _Timeline(msgspec.Struct):
    data: list[_Tweet] = []
    meta: _Meta = msgspec.field(default_factory=_Meta)


def _judge(response: Response) -> CallOutcome | None:
    said = response.said()
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        is_spent = str(said.get("type", "")).endswith("/usage-capped")
        return CallOutcome.OUT_OF_CREDITS if is_spent else None
    errors = said.get("errors")
    if response.status != HTTPStatus.OK or "data" in said or not isinstance(errors, list):
        return None
    kinds = {str(error.get("type", "")) for error in errors if isinstance(error, dict)}
    if any(kind.endswith("/resource-not-found") for kind in kinds):
        return CallOutcome.NOT_FOUND
    if any(kind.endswith("/not-authorized-for-resource") for kind in kinds):
        return CallOutcome.SUPPRESSED
    return CallOutcome.UPSTREAM_ERROR


DIALECT = Dialect(judge=_judge)


class XSource(OneServer):
    """What an account wrote, without what it only passed on."""

    platform = Platform.X
    nobody = "nobody_0"

    def __init__(self, http: HttpClient, endpoint: Endpoint, users: Endpoint) -> None:
        """See ``OneServer``; ``users`` are the calls that look up accounts."""
        super().__init__(http, endpoint)
        self._users = users
        self._ids: TTLCache[str, str] = TTLCache(_KNOWN_IDS, _ID_SECONDS)

    def handle(self, given: str) -> str:
        """The handle in a text."""
        return normalise(IdentifierKind.X, given).value

    async def read(self, ask: Ask) -> Harvest:
        """The account's posts."""
        cost = 0.0
        user_id = self._ids.get(ask.handle)
        if user_id is None:
            found = await self._http.get(
                self._users,
                f"/2/users/by/username/{ask.handle}",
                _UserFound,
                deadline=ask.deadline,
            )
            if found.body is None:
                return failed(found)
            user_id = self._ids[ask.handle] = found.body.data.id
            cost = DOLLARS_A_USER
        harvest = await read_pages(ask, partial(self._page, ask, user_id))
        cost += DOLLARS_A_POST * len(harvest.seen)
        return replace(harvest, cost=cost)

    async def _page(self, ask: Ask, user_id: str, token: str | None) -> Reply[Page]:
        params = {
            "max_results": str(min(max(ask.most, LEAST_RESULTS), MOST_RESULTS)),
            "start_time": ask.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "exclude": "retweets",
            "tweet.fields": "created_at,note_tweet,public_metrics",
        }
        reply = await self._http.get(
            self._endpoint,
            f"/2/users/{user_id}/tweets",
            _Timeline,
            deadline=ask.deadline,
            params=params | ({"pagination_token": token} if token else {}),
        )
        return as_page(reply, partial(_page_of, ask))


def _page_of(ask: Ask, found: _Timeline) -> Page:
    seen = [Seen(t.created_at.astimezone(UTC), _post(ask, t)) for t in found.data]
    return Page(seen=seen, following=found.meta.next_token)


def _post(ask: Ask, tweet: _Tweet) -> Post:
    metrics = tweet.public_metrics
    return Post(
        platform=Platform.X,
        id=tweet.id,
        url=f"https://x.com/{ask.handle}/status/{tweet.id}",
        text=shortened(unescape(tweet.note_tweet.text if tweet.note_tweet else tweet.text)),
        author=ask.handle,
        posted_at=clock.iso(tweet.created_at),
        engagement=engagement(
            likes=metrics.like_count,
            replies=metrics.reply_count,
            reposts=metrics.retweet_count,
            quotes=metrics.quote_count,
            views=metrics.impression_count,
        ),
    )
