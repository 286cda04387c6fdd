"""What Prospeo's answers say to a question: the rules, without any connection."""

from enrich_stream.person import Field, Identifier
from enrich_stream.providers.base import Answer, Finding, Value
from enrich_stream.providers.client import Reply
from enrich_stream.providers.findings import of_profile, of_values, same_for_all, unanswered
from enrich_stream.providers.prospeo.shapes import (
    Company,
    Email,
    Enriched,
    Location,
    Mobile,
    Person,
)
from enrich_stream.providers.values import email, others, phone, profile_at
from enrich_stream.verification.verdict import provider_verdict

CREDIT = 1.0
MOBILE_CREDITS = 10.0
"""For a person with a mobile, in place of the one credit."""


def answer(asked: Identifier, fields: frozenset[Field], reply: Reply[Enriched]) -> Answer:
    """The answer from one person, or why there is none."""
    if reply.body is None:
        return same_for_all(fields, unanswered(reply))
    person = reply.body.person
    mobile = person.mobile if person.mobile and person.mobile.revealed else None
    findings = {
        Field.EMAIL: of_values(_emails(person.email)),
        Field.PHONE: of_values([_phone(mobile)] if mobile else []),
        Field.PROFILE: _profile(person, reply.body.company or Company()),
    }
    cost = MOBILE_CREDITS if mobile and Field.PHONE in fields else CREDIT
    return Answer(
        findings={field: findings[field] for field in fields},
        person_known=True,
        cost=0.0 if reply.body.free_enrichment else cost,
        identities=others(asked, [profile_at(person.linkedin_url)]),
    )


def _emails(given: Email | None) -> list[Value | None]:
    if given is None or not (given.revealed and given.email):
        return []
    verdict = provider_verdict("prospeo", given.status) if given.status else None
    return [email(given.email, verdict, verification=given.status)]


def _phone(given: Mobile) -> Value | None:
    verification = "provider" if given.status == "VERIFIED" else None
    return phone(given.mobile_international or given.mobile, verification)


def _profile(person: Person, company: Company) -> Finding:
    place = person.location or Location()
    return of_profile(
        {
            "name": person.full_name,
            "title": person.current_job_title,
            "headline": person.headline,
            "company": company.name,
            "location": ", ".join(filter(None, (place.city, place.country))),
        },
        "record",
    )
