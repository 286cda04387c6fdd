"""What People Data Labs' answers say to a question: the rules, without any connection."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from enrich_stream.person import Field, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding, Question, Value
from enrich_stream.providers.findings import of_profile, of_values
from enrich_stream.providers.peopledatalabs.shapes import Match, Person
from enrich_stream.providers.values import email, identifier, others, phone, profile_at

HIDDEN = "the plan does not show whether or what"


def answer(question: Question, fields: frozenset[Field], match: Match, spent: float) -> Answer:
    """The answer from the person that matched best."""
    person = match.data
    findings = {
        Field.EMAIL: _contacts(_emails(person), email, match.likelihood),
        Field.PHONE: _contacts(_phones(person), phone, match.likelihood),
        Field.PROFILE: _profile(person),
    }
    return Answer(
        findings={field: findings[field] for field in fields},
        person_known=True,
        cost=spent,
        identities=others(
            question.identifier,
            [
                profile_at(person.linkedin_url),
                identifier(IdentifierKind.X, person.twitter_username),
                identifier(IdentifierKind.GITHUB, person.github_username),
                *(profile_at(network.url) for network in _shown(person.profiles)),
            ],
        ),
    )


def _contacts(
    given: Iterator[Any], read: Callable[[str], Value | None], likelihood: int
) -> Finding:
    """The finding of values, of which some may only be said to be there."""
    there = [one for one in given if one]
    finding = of_values(read(text) for text in there if isinstance(text, str))
    if there and not finding.values and finding.outcome is Outcome.ABSENT:
        return Finding(Outcome.UNKNOWN, reason=HIDDEN)
    values = (replace(value, confidence=likelihood / 10) for value in finding.values)
    return replace(finding, values=tuple(values))


def _emails(person: Person) -> Iterator[Any]:
    yield from (person.work_email, person.recommended_personal_email)
    yield from (person.personal_emails is True, _is_hidden(person.emails))
    yield from _shown(person.personal_emails)
    yield from (one.address for one in _shown(person.emails))


def _phones(person: Person) -> Iterator[Any]:
    yield from (person.mobile_phone, _is_hidden(person.phone_numbers))
    yield from _shown(person.phone_numbers)


def _is_hidden(given: Any) -> bool:
    return given is True or given is UNSET


def _shown(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _profile(person: Person) -> Finding:
    members = {
        "name": person.full_name,
        "title": person.job_title,
        "company": person.job_company_name,
        "location": person.location_name,
    }
    shown = {name: value for name, value in members.items() if isinstance(value, str)}
    if not shown and _is_hidden(person.full_name):
        return Finding(Outcome.UNKNOWN, reason=HIDDEN)
    return of_profile(shown, "record")
