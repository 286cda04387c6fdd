"""What a connector's reply comes to for a field: found, absent or unknown, and why."""

from collections.abc import Iterable, Mapping
from typing import Any

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Answer, Finding, Value
from enrich_stream.providers.client.reply import CallOutcome, Reply

NOTHING_ON_RECORD = "nothing on record"
ONLY_UNVERIFIED = "only unverified values"
NOT_READABLE = "answered something that cannot be read"

_ABSENT = {CallOutcome.NOT_FOUND, CallOutcome.SUPPRESSED}
"""It would know, and says no, or that it never will."""


def unanswered(reply: Reply[Any]) -> Finding:
    """The finding of a reply without a body."""
    outcome = Outcome.ABSENT if reply.outcome in _ABSENT else Outcome.UNKNOWN
    return Finding(outcome, reason=reply.reason, retry_at=reply.retry_at)


def same_for_all(fields: Iterable[Field], finding: Finding, *, cost: float = 0.0) -> Answer:
    """One finding for every field."""
    return Answer(findings=dict.fromkeys(fields, finding), cost=cost)


def of_values(values: Iterable[Value | None]) -> Finding:
    """The finding of what was given; None is what could not be read."""
    given = list(values)
    readable: dict[Any, Value] = {}
    # Stable: within verified and unverified the provider's own order stays.
    for value in sorted(filter(None, given), key=lambda value: not value.verified):
        readable.setdefault(value.value, value)
    found = tuple(readable.values())
    if found and found[0].verified:
        return Finding(Outcome.FOUND, found)
    if given and not found:
        return Finding(Outcome.UNKNOWN, reason=NOT_READABLE)
    return Finding(Outcome.ABSENT, found, ONLY_UNVERIFIED if found else NOTHING_ON_RECORD)


def of_profile(members: Mapping[str, Any], verification: str) -> Finding:
    """The finding of a profile; members that are empty are left out."""
    profile = {name: value for name, value in members.items() if value}
    if not profile:
        return Finding(Outcome.ABSENT, reason=NOTHING_ON_RECORD)
    return Finding(Outcome.FOUND, (Value(value=profile, verification=verification),))
