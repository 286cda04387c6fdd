"""What the operator's records say to a question: the rules, without any reading."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from enrich_stream.person import Field, Identifier
from enrich_stream.providers.base import Answer, Finding, Outcome, Question, Value
from enrich_stream.providers.directory.person import PLATFORM, Contact, Person

NO_SUCH_PERSON = "no such person"
NOTHING_ON_RECORD = "nothing on record"
ONLY_UNVERIFIED = "only unverified values"

MAX_DAYS = 100 * 366
"""More days than anything on record goes back; many more would leave the calendar."""

BY_OPERATOR = "operator"
BY_NUMBERING_PLAN = "numbering plan"


def answer(person: Person | None, question: Question, now: datetime) -> Answer:
    """The answer for a person, or for nobody by that name."""
    if person is None:
        return Answer.same_for_all(question.fields, Outcome.ABSENT, NO_SUCH_PERSON)
    identifiers = map(Identifier.parse, person.identifiers)
    return Answer(
        findings={
            field: _finding(_VALUES[field](person, question, now)) for field in question.fields
        },
        person_known=True,
        identities=tuple(other for other in identifiers if other != question.identifier),
    )


def _finding(values: tuple[Value, ...]) -> Finding:
    if any(value.verified for value in values):
        return Finding(Outcome.FOUND, values)
    return Finding(Outcome.ABSENT, values, ONLY_UNVERIFIED if values else NOTHING_ON_RECORD)


def _emails(person: Person, _question: Question, _now: datetime) -> tuple[Value, ...]:
    return tuple(_value(email, BY_OPERATOR, email.seen_at) for email in person.emails)


def _phones(person: Person, _question: Question, _now: datetime) -> tuple[Value, ...]:
    return tuple(
        _value(phone, BY_NUMBERING_PLAN, phone.seen_at or person.updated_at)
        for phone in person.phones
    )


def _value(contact: Contact, verification: str, observed_at: datetime | None) -> Value:
    return Value(
        value=contact.value,
        verified=contact.verified,
        verification=verification if contact.verified else None,
        observed_at=observed_at,
    )


def _profile(person: Person, _question: Question, _now: datetime) -> tuple[Value, ...]:
    return _object(person.profile, person) if person.profile else ()


def _signals(person: Person, question: Question, now: datetime) -> tuple[Value, ...]:
    wanted = _event_filter(question.signals_config, now)
    events = [event for event in person.signals if wanted(event)]
    if not events:
        return ()
    summary = {PLATFORM: {"count": len(events), "status": "ok"}}
    return _object(
        {"posts": [], "events": events, "intent": [], "summary": summary, "errors": []}, person
    )


def _object(value: dict[str, Any], person: Person) -> tuple[Value, ...]:
    return (Value(value=value, verification=BY_OPERATOR, observed_at=person.updated_at),)


def _event_filter(config: Mapping[str, Any], now: datetime) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an event is wanted. Settings of another type than agreed do not narrow anything."""
    since, platforms = _since(config.get("since_days"), now), config.get("platforms")
    names = {str(n).strip().lower() for n in platforms} if isinstance(platforms, list) else set()

    def is_wanted(event: Mapping[str, Any]) -> bool:
        recent = since is None or datetime.fromisoformat(event["occurred_at"]) >= since
        return recent and (not names or event["platform"] in names)

    return is_wanted


def _since(days: object, now: datetime) -> datetime | None:
    if not isinstance(days, int | float) or isinstance(days, bool) or not days > 0:
        return None
    return now - timedelta(days=min(days, MAX_DAYS))


_VALUES: Mapping[Field, Callable[[Person, Question, datetime], tuple[Value, ...]]] = {
    Field.EMAIL: _emails,
    Field.PHONE: _phones,
    Field.PROFILE: _profile,
    Field.SIGNALS: _signals,
}
