"""One person, looked up: who is asked, in which order, and what their answers add up to.

For each field the providers are asked in order until one gives a verified value. The operator's
own records are asked every time; whoever comes after them only for what the memory cannot answer.
What is left is *absent* only when everyone who could be asked said no; one who could not be asked
makes it *unknown*, for that one might have known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import structlog

from enrich_stream import clock, metrics
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Answer, Finding, Provider, Question, Value
from enrich_stream.records import Asked, Evidence, FieldResult, encoded_size

log = structlog.get_logger(__name__)

NOBODY_TO_ASK = "no provider answers this"
TOO_LARGE = "answered more than can be kept"
MAX_FIELD_BYTES = 256 * 1024
"""Of one field's values as JSON, from all providers together."""
MEMORY = "memory"
"""In the trail: an earlier answer stood for asking again."""


@dataclass(frozen=True, slots=True)
class Enriched:
    """All that came of looking up one person.

    Attributes:
        person_known: Whether anybody asked knows this person.
        fields: The result of each field asked for.
        trail: Who was asked, in order.
    """

    person_known: bool
    fields: Mapping[Field, FieldResult]
    trail: tuple[Asked, ...]

    @property
    def outcome(self) -> Outcome:
        """Found: a value, or a person known to have none. Unknown: somebody could not be asked."""
        outcomes = {result.outcome for result in self.fields.values()}
        if Outcome.FOUND in outcomes:
            return Outcome.FOUND
        if Outcome.UNKNOWN in outcomes:
            return Outcome.UNKNOWN
        return Outcome.FOUND if self.person_known else Outcome.ABSENT


@dataclass(frozen=True, slots=True)
class _Reply:
    """One provider's answer and how long it took."""

    provider: str
    answer: Answer
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier look-ups of this person answer now.

    Attributes:
        person_known: Whether anybody asked then knew this person.
        fields: Those that need not be asked again.
    """

    person_known: bool = False
    fields: Mapping[Field, FieldResult] = dataclass_field(default_factory=dict)


NOTHING_REMEMBERED = Remembered()


async def look_up(
    question: Question, providers: Sequence[Provider], remembered: Remembered = NOTHING_REMEMBERED
) -> Enriched:
    """Ask ``providers`` in order until every field is found or nobody is left to ask."""
    own, outside = _by_place(question, providers)
    said = await _ask_in_order(question, own)
    open_fields = _not_found(question.fields, said)
    known = {
        name: result
        for name, result in remembered.fields.items()
        if name in open_fields and _saves_asking(name, result, own, outside)
    }
    others = await _ask_in_order(replace(question, fields=open_fields - known.keys()), outside)
    asked = _add_up(question.fields - known.keys(), [*said, *others])
    if not known:
        return asked
    recalled = Asked(
        provider=MEMORY, outcomes={name.value: r.outcome.value for name, r in known.items()}
    )
    return Enriched(
        person_known=asked.person_known or remembered.person_known,
        fields=dict(sorted({**asked.fields, **known}.items())),
        trail=(*asked.trail[: len(said)], recalled, *asked.trail[len(said) :]),
    )


def _by_place(
    question: Question, providers: Sequence[Provider]
) -> tuple[list[Provider], list[Provider]]:
    able = [p for p in providers if question.identifier.kind in p.kinds]
    return [p for p in able if p.is_local], [p for p in able if not p.is_local]


def _saves_asking(
    name: Field, result: FieldResult, own: Sequence[Provider], outside: Sequence[Provider]
) -> bool:
    # What the operator's own records said is not repeated from memory: they may have changed.
    own_names = {provider.name for provider in own}
    is_own = bool(result.values) and all(v.provider in own_names for v in result.values)
    return not is_own and any(name in provider.fields for provider in outside)


async def _ask_in_order(question: Question, providers: Sequence[Provider]) -> list[_Reply]:
    replies: list[_Reply] = []
    for provider in providers:
        fields = provider.fields & _not_found(question.fields, replies)
        if fields:
            replies.append(await _ask(provider, replace(question, fields=fields)))
    return replies


async def _ask(provider: Provider, question: Question) -> _Reply:
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout_at(question.deadline):
            answer = await provider.ask(question)
    except TimeoutError:
        answer = Answer.same_for_all(question.fields, Outcome.UNKNOWN, "timed out")
    except Exception as error:  # noqa: BLE001 - a provider's failure is a value, whatever it was
        # The text of the error may hold the person's data; its type does not.
        log.error(  # noqa: TRY400 - a traceback may hold it too
            "provider.failed", provider=provider.name, error=type(error).__name__
        )
        answer = Answer.same_for_all(question.fields, Outcome.UNKNOWN, "provider failed")
    seconds = loop.time() - started
    metrics.provider_asked(provider.name, _outcomes(answer), seconds)
    return _Reply(provider.name, answer, round(1000 * seconds))


def _outcomes(answer: Answer) -> set[Outcome]:
    return {finding.outcome for finding in answer.findings.values()}


def _not_found(wanted: frozenset[Field], replies: Sequence[_Reply]) -> frozenset[Field]:
    found = {
        name
        for reply in replies
        for name, finding in reply.answer.findings.items()
        if finding.outcome is Outcome.FOUND
    }
    return wanted - found


def _add_up(wanted: frozenset[Field], replies: Sequence[_Reply]) -> Enriched:
    as_of = clock.now()
    return Enriched(
        person_known=any(reply.answer.person_known for reply in replies),
        fields={name: _field_result(name, replies, as_of) for name in sorted(wanted)},
        trail=tuple(_asked(reply) for reply in replies),
    )


def _field_result(name: Field, replies: Sequence[_Reply], as_of: str) -> FieldResult:
    said = [(r.provider, r.answer.findings[name]) for r in replies if name in r.answer.findings]
    outcome = _combined([finding.outcome for _, finding in said])
    values = [_evidence(who, value) for who, finding in said for value in finding.values]
    # Stable: within verified and unverified, the order of the providers and their own order stay.
    values.sort(key=lambda evidence: not evidence.verified)
    if encoded_size(values) > MAX_FIELD_BYTES:
        return FieldResult(outcome=Outcome.UNKNOWN, reason=TOO_LARGE, as_of=as_of)
    return FieldResult(
        outcome=outcome, values=tuple(values), reason=_reason(outcome, said), as_of=as_of
    )


def _combined(outcomes: Sequence[Outcome]) -> Outcome:
    if Outcome.FOUND in outcomes:
        return Outcome.FOUND
    if not outcomes or Outcome.UNKNOWN in outcomes:
        return Outcome.UNKNOWN
    return Outcome.ABSENT


def _reason(outcome: Outcome, said: Sequence[tuple[str, Finding]]) -> str:
    if not said:
        return NOBODY_TO_ASK
    reasons = [f"{who}: {f.reason}" for who, f in said if f.outcome is outcome and f.reason]
    return "; ".join(reasons)


def _evidence(provider: str, value: Value) -> Evidence:
    return Evidence(
        value=value.value,
        provider=provider,
        verified=value.verified,
        verification=value.verification,
        observed_at=clock.iso(value.observed_at) if value.observed_at else None,
        confidence=value.confidence,
    )


def _asked(reply: _Reply) -> Asked:
    findings = reply.answer.findings
    return Asked(
        provider=reply.provider,
        outcomes={name.value: finding.outcome.value for name, finding in findings.items()},
        milliseconds=reply.milliseconds,
        cost=reply.answer.cost,
    )
