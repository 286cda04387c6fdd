"""Reads a platform page by page, newest first, and knows how far back it has come.

It stops when it has all that was asked for, when the platform has no more, or when something is in
the way. Whatever the reason, ``Harvest.since`` says from when on nothing is missing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from enrich_stream.providers.client import CallOutcome, Reply
from enrich_stream.providers.client.reply import T
from enrich_stream.signals.shape import PlatformStatus
from enrich_stream.signals.source import Ask, Harvest, Seen

MAX_PAGES = 10
"""Of one platform in one go: a bound for what one question may cost."""

BY_MAX_POSTS = "max_posts"
BY_PAGES = f"the newest {MAX_PAGES} pages"

_STATUSES: dict[CallOutcome, PlatformStatus] = {
    CallOutcome.NOT_FOUND: PlatformStatus.UNKNOWN_HANDLE,
    CallOutcome.SUPPRESSED: PlatformStatus.HIDDEN,
    CallOutcome.BAD_INPUT: PlatformStatus.UNKNOWN_HANDLE,
}
"""What the platform knows and says; everything else is that it could not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Attributes:
        seen: What is on it, newest first; also what is not listed, for that shows how far back the
            page goes.
        following: Where the next page is, in the platform's own way; None when there is none.
        goes_back_to: On the last page: before when the platform has nothing to give; None when
            it has everything.
        limited_by: Why it has nothing before that.
    """

    seen: Sequence[Seen]
    following: str | None = None
    goes_back_to: datetime | None = None
    limited_by: str = ""


async def read_pages(
    ask: Ask, fetch: Callable[[str | None], Awaitable[Reply[Page]]], *, following: str | None = None
) -> Harvest:
    """The harvest of all pages there are within what is asked for.

    Args:
        ask: What is wanted.
        fetch: Gets a page, by what the page before called ``following``.
        following: The same for the first page.
    """
    gathered = _Gathered(ask)
    for _ in range(MAX_PAGES):
        reply = await fetch(following)
        if reply.body is None:
            return gathered.cut_short(reply)
        following = reply.body.following
        gathered.seen += reply.body.seen
        if gathered.is_enough or following is None:
            return gathered.ended(reply.body)
    return gathered.limited(gathered.oldest, BY_PAGES)


def one_page(ask: Ask, page: Page) -> Harvest:
    """The harvest of a page that is all there is."""
    return _Gathered(ask, list(page.seen)).ended(page)


def failed(reply: Reply[Any]) -> Harvest:
    """The harvest when the first thing asked for did not come."""
    status = _STATUSES.get(reply.outcome, PlatformStatus.UNAVAILABLE)
    is_away = status is PlatformStatus.UNAVAILABLE
    return Harvest(
        status=status,
        reason=reply.reason if is_away else "",
        retry_at=reply.retry_at if is_away else None,
    )


def as_page(reply: Reply[T], page_of: Callable[[T], Page]) -> Reply[Page]:
    """The reply with its body made a page; one without a body stays as it is."""
    body = None if reply.body is None else page_of(reply.body)
    return cast("Reply[Page]", replace(cast("Reply[Any]", reply), body=body))


def without_body(reply: Reply[T], outcome: CallOutcome, reason: str = "") -> Reply[T]:
    """The reply when what came with a good status says something else."""
    return replace(reply, outcome=outcome, body=None, reason=reason)


def has_next(reply: Reply[Any]) -> bool:
    """Whether its ``Link`` header (RFC 8288) names a next page."""
    return 'rel="next"' in reply.headers.get("Link", "")


@dataclass(slots=True)
class _Gathered:
    """What was seen so far."""

    ask: Ask
    seen: list[Seen] = field(default_factory=list)

    @property
    def oldest(self) -> datetime | None:
        return min((one.at for one in self.seen), default=None)

    @property
    def wanted(self) -> list[Seen]:
        recent = (one for one in self.seen if one.what and one.at >= self.ask.since)
        # Stable: what happened in the same moment stays as the platform has it.
        return sorted(recent, key=lambda one: one.at, reverse=True)

    @property
    def is_enough(self) -> bool:
        reached = self.oldest is not None and self.oldest < self.ask.since
        return reached or len(self.wanted) >= self.ask.most

    def ended(self, last: Page) -> Harvest:
        """With all that was asked for, or all there is."""
        if self.oldest is not None and self.oldest < self.ask.since:
            return self.limited(None, "")
        if last.following is not None:
            return self.limited(self.oldest, BY_MAX_POSTS)
        return self.limited(last.goes_back_to, last.limited_by)

    def cut_short(self, reply: Reply[Any]) -> Harvest:
        """With what came before something got in the way."""
        if not self.seen:
            return failed(reply)
        part = self.limited(self.oldest, reply.reason)
        return replace(
            part, status=PlatformStatus.PARTIAL, reason=reply.reason, retry_at=reply.retry_at
        )

    def limited(self, goes_back_to: datetime | None, why: str) -> Harvest:
        """Complete from then on, and from then on only."""
        wanted = self.wanted
        if len(wanted) > self.ask.most:
            wanted = wanted[: self.ask.most]
            goes_back_to, why = wanted[-1].at, BY_MAX_POSTS
        is_short = goes_back_to is not None and goes_back_to > self.ask.since
        return Harvest(
            status=PlatformStatus.OK,
            seen=wanted,
            since=goes_back_to if is_short else self.ask.since,
            limited_by=why if is_short else "",
        )
