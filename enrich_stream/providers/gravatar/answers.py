"""What Gravatar's answers say to a question: the rules, without any connection."""

from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Answer, Finding
from enrich_stream.providers.findings import of_profile, of_values
from enrich_stream.providers.gravatar.shapes import ContactInfo, Profile, Profiles
from enrich_stream.providers.values import email, others, phone, profile_at

NO_SUCH_PERSON = "no such person"
SEVERAL = "several people by that name"


def one_person(found: Profiles) -> Profile | Finding:
    """The only profile found; no choice is made among several."""
    match found.profiles:
        case []:
            return Finding(Outcome.ABSENT, reason=NO_SUCH_PERSON)
        case [profile]:
            return profile
    return Finding(Outcome.UNKNOWN, reason=SEVERAL)


def answer(asked: Identifier, fields: frozenset[Field], profile: Profile) -> Answer:
    """The answer from a profile."""
    shown = profile.contact_info or ContactInfo()
    phones = filter(None, (shown.cell_phone, shown.work_phone, shown.home_phone))
    findings = {
        Field.EMAIL: of_values([email(shown.email)] if shown.email else []),
        Field.PHONE: of_values(map(phone, phones)),
        Field.PROFILE: _profile(profile),
    }
    return Answer(
        findings={field: findings[field] for field in fields},
        person_known=True,
        identities=others(asked, (profile_at(a.url) for a in profile.verified_accounts)),
    )


def _profile(profile: Profile) -> Finding:
    return of_profile(
        {
            "name": profile.display_name,
            "title": profile.job_title,
            "company": profile.company,
            "headline": profile.description,
            "location": profile.location,
        },
        "public profile",
    )
