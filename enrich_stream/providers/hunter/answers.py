"""What Hunter's answers say to a question: the rules, without any connection."""

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Answer, Finding, Value
from enrich_stream.providers.client import Reply
from enrich_stream.providers.findings import of_profile, of_values, same_for_all, unanswered
from enrich_stream.providers.hunter.shapes import (
    Employment,
    Finder,
    Found,
    Handle,
    Name,
    People,
    Person,
    Verification,
)
from enrich_stream.providers.values import email, identifier, moment, others, phone, profile_at
from enrich_stream.verification.verdict import provider_verdict

CREDIT = 1.0
"""What something found costs; nothing found is free."""

_HANDLES = (
    (IdentifierKind.LINKEDIN, "linkedin"),
    (IdentifierKind.X, "twitter"),
    (IdentifierKind.GITHUB, "github"),
)


def found_answer(asked: Identifier, fields: frozenset[Field], reply: Reply[Finder]) -> Answer:
    """The answer of the finder."""
    if reply.body is None:
        return same_for_all(fields, unanswered(reply))
    found = reply.body.data
    findings = {
        Field.EMAIL: of_values([_email(found)] if found.email else []),
        Field.PHONE: _phone(found.phone_number),
    }
    named = (identifier(IdentifierKind.X, found.twitter), profile_at(found.linkedin_url))
    return Answer(
        findings={field: findings[field] for field in fields},
        person_known=bool(found.email),
        cost=CREDIT if found.email else 0.0,
        identities=others(asked, named),
    )


def person_answer(asked: Identifier, fields: frozenset[Field], reply: Reply[People]) -> Answer:
    """The answer about a person."""
    if reply.body is None:
        return same_for_all(fields, unanswered(reply))
    person = reply.body.data
    findings = {Field.PHONE: _phone(person.phone), Field.PROFILE: _profile(person)}
    handles = ((kind, getattr(person, member) or Handle()) for kind, member in _HANDLES)
    return Answer(
        findings={field: findings[field] for field in fields},
        person_known=True,
        cost=CREDIT,
        identities=others(asked, (identifier(kind, one.handle) for kind, one in handles)),
    )


def _email(found: Found) -> Value | None:
    check = found.verification or Verification(status=None)
    return email(
        found.email,
        provider_verdict("hunter", check.status) if check.status else None,
        verification=check.status,
        observed_at=moment(check.date),
        confidence=None if found.score is None else min(max(found.score / 100, 0.0), 1.0),
    )


def _phone(text: str | None) -> Finding:
    return of_values([phone(text)] if text else [])


def _profile(person: Person) -> Finding:
    work = person.employment or Employment()
    return of_profile(
        {
            "name": (person.name or Name()).full_name,
            "title": work.title,
            "company": work.name,
            "location": person.location,
        },
        "record",
    )
