"""What all platforms' harvests add up to: the answer's object, and found, absent or unknown.

- *found*: at least one post or event. What could not be asked is named beside it.
- *unknown*: none, and at least one platform could not be asked or read to the end, be it for the
  handle that was given.
- *absent*: none, and every platform that could be asked has said so: nobody there by that handle,
  or nothing said since then. The object with their statuses goes along.
- Left out: on no platform there was anybody to ask about. That is no answer, as if the provider
  could not be asked by this identifier at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from enrich_stream import clock
from enrich_stream.person import Field
from enrich_stream.providers.base import Answer, Finding, Outcome, Value
from enrich_stream.signals.intent import Signal, read_intent
from enrich_stream.signals.shape import (
    Event,
    PlatformError,
    PlatformStatus,
    PlatformSummary,
    Post,
    Signals,
)
from enrich_stream.signals.source import Harvest, Seen

NOTHING_SAID = "nothing said in that time"
NOBODY_THERE = "nobody by that handle"

MAX_BYTES = 128 * 1024
"""Of all posts and events as JSON; what is older than fits is left out, and said to be."""
BY_SIZE = "the size of an answer"

_KNOWN = {PlatformStatus.OK, PlatformStatus.PARTIAL, PlatformStatus.HIDDEN}
_OPEN = {PlatformStatus.PARTIAL, PlatformStatus.UNAVAILABLE, PlatformStatus.INVALID_HANDLE}
_NOBODY = {PlatformStatus.NO_HANDLE, PlatformStatus.NOT_SET_UP}


def answer(
    harvests: Mapping[str, Harvest], rules: Sequence[Signal], labels: Sequence[str]
) -> Answer:
    """The answer that the harvests of all platforms add up to.

    Args:
        harvests: By platform.
        rules: How intent is recognised.
        labels: What the caller asked to recognise.
    """
    statuses = {harvest.status for harvest in harvests.values()}
    if statuses <= _NOBODY:
        return Answer(findings={})
    signals = signals_of(harvests, rules, labels)
    return Answer(
        findings={Field.SIGNALS: _finding(signals, harvests)},
        person_known=bool(statuses & _KNOWN),
        cost=sum(harvest.cost for harvest in harvests.values()),
    )


def signals_of(
    harvests: Mapping[str, Harvest], rules: Sequence[Signal], labels: Sequence[str]
) -> Signals:
    """The object that the answer shows."""
    fitting = _fitting(harvests)
    seen = sorted(
        (one for harvest in fitting.values() for one in harvest.seen),
        key=lambda one: one.at,
        reverse=True,
    )
    said = [one.what for one in seen if one.what]
    return Signals(
        posts=tuple(one for one in said if isinstance(one, Post)),
        events=tuple(one for one in said if isinstance(one, Event)),
        intent=read_intent(said, rules, labels),
        summary={platform: _summary(harvest) for platform, harvest in fitting.items()},
        errors=tuple(
            _error(platform, harvest)
            for platform, harvest in harvests.items()
            if harvest.status in _OPEN
        ),
    )


def _fitting(harvests: Mapping[str, Harvest]) -> Mapping[str, Harvest]:
    """The harvests without what makes the answer too large: the oldest, whoever said it."""
    everything = [one for harvest in harvests.values() for one in harvest.seen]
    cut = _cut(sorted(everything, key=lambda one: one.at, reverse=True))
    if cut is None:
        return harvests
    return {platform: _since(harvest, cut) for platform, harvest in harvests.items()}


def _cut(newest_first: Sequence[Seen]) -> datetime | None:
    """The time of the newest that does not fit; None when all of it does."""
    size = 0
    for one in newest_first:
        size += len(msgspec.json.encode(one.what))
        if size > MAX_BYTES:
            return one.at
    return None


def _since(harvest: Harvest, cut: datetime) -> Harvest:
    kept = [one for one in harvest.seen if one.at > cut]
    if len(kept) == len(harvest.seen):
        return harvest
    return replace(harvest, seen=kept, since=kept[-1].at if kept else cut, limited_by=BY_SIZE)


def _summary(harvest: Harvest) -> PlatformSummary:
    return PlatformSummary(
        status=harvest.status,
        count=len(harvest.seen),
        since=clock.iso(harvest.since) if harvest.since else None,
        limited_by=harvest.limited_by or None,
    )


def _error(platform: str, harvest: Harvest) -> PlatformError:
    retry_at = harvest.retry_at
    return PlatformError(
        platform=platform,
        message=harvest.reason,
        retryable=retry_at is not None,
        retry_at=None if retry_at is None else clock.iso(datetime.fromtimestamp(retry_at, UTC)),
    )


def _finding(signals: Signals, harvests: Mapping[str, Harvest]) -> Finding:
    # Through its bytes: plain JSON values, the same that any reader of it will have.
    shown = msgspec.json.decode(msgspec.json.encode(signals))
    values = (Value(value=shown, observed_at=clock.present()),)
    if signals.posts or signals.events:
        return Finding(Outcome.FOUND, values)
    open_ = {p: h for p, h in harvests.items() if h.status in _OPEN}
    if open_:
        reason = "; ".join(f"{platform}: {harvest.reason}" for platform, harvest in open_.items())
        retry_at = min((h.retry_at for h in open_.values() if h.retry_at is not None), default=None)
        return Finding(Outcome.UNKNOWN, values, reason, retry_at)
    is_known = any(harvest.status in _KNOWN for harvest in harvests.values())
    return Finding(Outcome.ABSENT, values, NOTHING_SAID if is_known else NOBODY_THERE)
