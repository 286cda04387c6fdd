"""What providers said about one person, and what it adds up to. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Answer, Finding, Value
from enrich_stream.records import Asked, Evidence, FieldResult, Later, SoFar, encoded_size
from enrich_stream.verification.verdict import Verdict
from enrich_stream.verification.verifier import Check
from enrich_stream.waterfall import Call

NOBODY_TO_ASK = "no provider answers this"
_OUTCOMES = {Verdict.VERIFIED: Outcome.FOUND, Verdict.UNKNOWN: Outcome.UNKNOWN}
"""Of asking a verifier; every other verdict says that the address is none to show."""
TOO_LARGE = "answered more than can be kept"
MAX_FIELD_BYTES = 256 * 1024
"""Of one field's values as JSON, from all providers together."""


class Said(msgspec.Struct, frozen=True):
    """What one provider said about one field.

    Attributes:
        outcome: Found, absent or unknown.
        values: Best first.
        reason: Why it is absent or unknown.
        retry_at: When asking again may help, in seconds since the epoch; None when nobody knows.
        is_busy: Whether others are not asked in its place.
    """

    outcome: Outcome
    values: tuple[Evidence, ...] = ()
    reason: str = ""
    retry_at: float | None = None
    is_busy: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True):
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
    said = {name: said_by(provider, finding) for name, finding in answer.findings.items()}
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
            times=int(was_sent(answer)),
            was_asked=not is_refused,
        ),
        said=said,
        person_known=answer.person_known,
    )


def reply_of_verifier(
    verifier: str, check: Check, provider: str, milliseconds: int = 0, *, is_refused: bool = False
) -> Reply:
    """What a verifier said of an address of a provider's; the address is in that one's values."""
    outcome = _OUTCOMES.get(check.verdict, Outcome.ABSENT)
    return Reply(
        asked=Asked(
            provider=verifier,
            outcomes={Field.EMAIL.value: outcome.value},
            reasons={Field.EMAIL.value: check.reason} if check.reason else {},
            milliseconds=milliseconds,
            cost=check.cost,
            checked_for=provider,
            times=int(check.was_asked),
            was_asked=not is_refused,
        ),
        said={},
    )


def reply_checked_again(provider: str, finding: Finding) -> Reply:
    """A provider's earlier answer, once its addresses could be checked, or still could not."""
    said = said_by(provider, finding)
    return Reply(
        asked=Asked(
            provider=provider,
            outcomes={Field.EMAIL.value: said.outcome.value},
            reasons={Field.EMAIL.value: said.reason} if said.reason else {},
            times=0,
        ),
        said={Field.EMAIL: said},
    )


def was_sent(answer: Answer) -> bool:
    """Whether anything was sent to the provider, so that it counts for a cap."""
    return not answer.findings or any(one.was_asked for one in answer.findings.values())


def settled_before(so_far: SoFar) -> Mapping[Field, FieldResult]:
    """The results of the times before that are not looked for again."""
    return {
        name: result
        for name, result in so_far.fields.items()
        if result.outcome is Outcome.FOUND or result.is_recalled
    }


def earlier_replies(so_far: SoFar, at: float) -> list[Reply]:
    """The replies of the times before about what is looked for again.

    Without what was unknown, which is asked about again, except by those who cannot be asked yet.

    Args:
        so_far: What they came to.
        at: The present moment, in seconds since the epoch.
    """
    settled = settled_before(so_far)
    left = {name: result for name, result in so_far.fields.items() if name not in settled}
    later = {(one.provider, one.field): one for one in so_far.later if one.retry_at > at}
    return [_earlier(asked, left, later) for asked in so_far.trail]


def is_known_by_anybody(replies: Sequence[Reply]) -> bool:
    """Whether any of them knows the person."""
    return any(reply.person_known for reply in replies)


def field_result(name: Field, replies: Sequence[Reply], as_of: str) -> FieldResult:
    """What the replies add up to for one field."""
    said = _last_said(name, replies)
    outcome = _combined([one.outcome for _, one in said])
    values = [value for _, one in said for value in one.values]
    # Stable: within verified and unverified, the order of the providers and their own order stay.
    values.sort(key=lambda evidence: not evidence.verified)
    if values and encoded_size(values) > MAX_FIELD_BYTES:
        return FieldResult(outcome=Outcome.UNKNOWN, reason=TOO_LARGE, as_of=as_of)
    return FieldResult(
        outcome=outcome, values=tuple(values), reason=_reason(outcome, said), as_of=as_of
    )


def later_of(replies: Sequence[Reply]) -> tuple[Later, ...]:
    """Who may have more to say, and when."""
    return tuple(
        Later(provider=provider, field=name, retry_at=said.retry_at, is_busy=said.is_busy)
        for name in Field
        for provider, said in _last_said(name, replies)
        if said.outcome is Outcome.UNKNOWN and said.retry_at is not None
    )


def earliest_retry(fields: Sequence[Field], replies: Sequence[Reply]) -> float | None:
    """When asking again may first help with one of ``fields``, in seconds since the epoch."""
    moments = [
        one.retry_at
        for name in fields
        for _, one in _last_said(name, replies)
        if one.outcome is Outcome.UNKNOWN and one.retry_at is not None
    ]
    return min(moments, default=None)


def said_by(provider: str, finding: Finding) -> Said:
    """A provider's finding as it is kept."""
    values = tuple(_evidence(provider, value) for value in finding.values)
    return Said(finding.outcome, values, finding.reason, finding.retry_at, finding.is_busy)


def values_of(result: FieldResult, provider: str) -> Sequence[Value]:
    """What one provider gave of a field, as it gave it."""
    return [_value(evidence) for evidence in result.values if evidence.provider == provider]


def _last_said(name: Field, replies: Sequence[Reply]) -> list[tuple[str, Said]]:
    """What each provider said of a field; who was busy at first may have answered after."""
    last = {reply.asked.provider: reply.said[name] for reply in replies if name in reply.said}
    return list(last.items())


def _earlier(
    asked: Asked,
    fields: Mapping[Field, FieldResult],
    later: Mapping[tuple[str, Field], Later],
) -> Reply:
    said = {}
    for name, outcome in ((Field(name), Outcome(o)) for name, o in asked.outcomes.items()):
        not_yet = later.get((asked.provider, name))
        # Who is to be asked later had nothing to say at last, whatever it had said before that: in
        # the trail its repeats are one line, which may stand before that.
        is_of_now = (outcome is Outcome.UNKNOWN) is (not_yet is not None)
        if name in fields and not asked.checked_for and is_of_now:
            said[name] = Said(
                outcome,
                tuple(v for v in fields[name].values if v.provider == asked.provider),
                asked.reasons.get(name, ""),
                not_yet.retry_at if not_yet else None,
                is_busy=not_yet is not None and not_yet.is_busy,
            )
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


def _value(evidence: Evidence) -> Value:
    observed_at = evidence.observed_at
    return Value(
        value=evidence.value,
        verified=evidence.verified,
        verification=evidence.verification,
        observed_at=datetime.fromisoformat(observed_at) if observed_at else None,
        confidence=evidence.confidence,
        verdict=evidence.verdict,
        details=evidence.details,
    )
