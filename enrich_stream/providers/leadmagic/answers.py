"""What LeadMagic's answers say to a question: the rules, without any connection."""

from enrich_stream.providers.base import Finding
from enrich_stream.providers.client import Reply
from enrich_stream.providers.findings import of_profile, of_values, unanswered
from enrich_stream.providers.leadmagic.shapes import Mobile, Profile, ProfileEmail
from enrich_stream.providers.values import email, phone

Body = ProfileEmail | Mobile | Profile


def finding(reply: Reply[Body]) -> Finding:
    """The finding of the one field that a call was made for."""
    match reply.body:
        case None:
            return unanswered(reply)
        case ProfileEmail(email=text):
            return of_values([email(text)] if text else [])
        case Mobile(mobile_number=text):
            return of_values([phone(text)] if text else [])
        case Profile() as profile:
            return _profile(profile)


def _profile(profile: Profile) -> Finding:
    return of_profile(
        {
            "name": profile.full_name,
            "title": profile.professional_title,
            "headline": profile.bio,
            "company": profile.company_name,
            "location": profile.location,
        },
        "record",
    )
