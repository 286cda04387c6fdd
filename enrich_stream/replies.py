"""What providers said about one person, and what it adds up to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Answer, Finding, Value
from enrich_stream.records import Asked, Evidence, FieldResult, SoFar, encoded_size
from enrich_stream.waterfall import Call

NOBODY_TO_ASK = "no provider answers this"
TOO_LARGE = "answered more than can be kept"
MAX_FIELD_BYTES = 256 * 1024
"""Of one field's values as JSON, from all providers together."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one provider said about one field.

    Attributes:
        outcome: Found, absent or unknown.
        values: Best first.
        reason: Why it is absent or unknown.
        retry_at: When asking again may help, in seconds since the epoch; None when nobody knows.
    """

    outcome: Outcome
    values: tuple[Evidence, ...] = ()
    reason: str = ""
    retry_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One line of the trail, and what stands behind it.

    Attributes:
        asked: The line as it is shown.
        said: What was said about each field that was asked for.
        person_known: Whether this provider knows the person at all.
    """

    asked: Asked
    said: Mapping[Field, Said]
    person_known: bool = False


def reply_to(
    call: Call, answer: Answer, milliseconds: int = 0, *, is_refused: bool = False
) -> Reply:
    """A provider's answer as a reply."""
    provider = call.provider.name
    said = {name: _said(provider, finding) for name, finding in answer.findings.items()}
    learned_from = call.name.learned_from
    return Reply(
        asked=Asked(
            provider=provider,
            outcomes={name.value: one.outcome.value for name, one in said.items()},
            reasons={name.value: one.reason for name, one in said.items() if one.reason},
            milliseconds=milliseconds,
            cost=answer.cost,
            identifier=str(call.name.identifier) if learned_from else "",
            learned_from=learned_from,
            was_asked=not is_refused,
        ),
        said=said,
        person_known=answer.person_known,
    )


def settled_before(so_far: SoFar) -> Mapping[Field, FieldResult]:
    """The results of the times before that are not looked for again."""
    return {
        name: result
        for name, result in so_far.fields.items()
        if result.outcome is Outcome.FOUND or result.is_recalled
    }


def earlier_replies(so_far: SoFar) -> list[Reply]:
    """The replies of the times before about what is looked for again, but for what was unknown."""
    settled = settled_before(so_far)
    left = {name: result for name, result in so_far.fields.items() if name not in settled}
    return [_earlier(asked, left) for asked in so_far.trail]


def trail_of(replies: Sequence[Reply]) -> tuple[Asked, ...]:
    """Who was asked, in the order in which they answered."""
    return tuple(reply.asked for reply in replies)


def is_known_by_anybody(replies: Sequence[Reply]) -> bool:
    """Whether any of them knows the person."""
    return any(reply.person_known for reply in replies)


def field_result(name: Field, replies: Sequence[Reply], as_of: str) -> FieldResult:
    """What the replies add up to for one field."""
    said = [(reply.asked.provider, reply.said[name]) for reply in replies if name in reply.said]
    outcome = _combined([one.outcome for _, one in said])
    values = [value for _, one in said for value in one.values]
    # Stable: within verified and unverified, the order of the providers and their own order stay.
    values.sort(key=lambda evidence: not evidence.verified)
    if values and encoded_size(values) > MAX_FIELD_BYTES:
        return FieldResult(outcome=Outcome.UNKNOWN, reason=TOO_LARGE, as_of=as_of)
    return FieldResult(
        outcome=outcome, values=tuple(values), reason=_reason(outcome, said), as_of=as_of
    )


def earliest_retry(fields: Sequence[Field], replies: Sequence[Reply]) -> float | None:
    """When asking again may first help with one of ``fields``, in seconds since the epoch."""
    moments = [
        one.retry_at
        for reply in replies
        for name, one in reply.said.items()
        if name in fields and one.outcome is Outcome.UNKNOWN and one.retry_at is not None
    ]
    return min(moments, default=None)


def _said(provider: str, finding: Finding) -> Said:
    values = tuple(_evidence(provider, value) for value in finding.values)
    return Said(finding.outcome, values, finding.reason, finding.retry_at)


def _earlier(asked: Asked, fields: Mapping[Field, FieldResult]) -> Reply:
    said = {
        Field(name): Said(
            Outcome(outcome),
            tuple(v for v in fields[Field(name)].values if v.provider == asked.provider),
            asked.reasons.get(name, ""),
        )
        for name, outcome in asked.outcomes.items()
        if outcome != Outcome.UNKNOWN and Field(name) in fields
    }
    return Reply(asked=asked, said=said)


def _combined(outcomes: Sequence[Outcome]) -> Outcome:
    if Outcome.FOUND in outcomes:
        return Outcome.FOUND
    if not outcomes or Outcome.UNKNOWN in outcomes:
        return Outcome.UNKNOWN
    return Outcome.ABSENT


def _reason(outcome: Outcome, said: Sequence[tuple[str, Said]]) -> str:
    if not said:
        return NOBODY_TO_ASK
    reasons = [f"{who}: {s.reason}" for who, s in said if s.outcome is outcome and s.reason]
    return "; ".join(reasons)


def _evidence(provider: str, value: Value) -> Evidence:
    return Evidence(
        value=value.value,
        provider=provider,
        verified=value.verified,
        verification=value.verification,
        observed_at=clock.iso(value.observed_at) if value.observed_at else None,
        confidence=value.confidence,
        verdict=value.verdict,
        details=dict(value.details),
    )
