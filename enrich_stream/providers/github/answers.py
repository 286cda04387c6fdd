"""What GitHub's answers say to a question: the rules, without any connection."""

from collections.abc import Sequence

from msgspec.structs import replace

from enrich_stream import clock
from enrich_stream.person import Field, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding, Question, Value
from enrich_stream.providers.client import Reply
from enrich_stream.providers.findings import of_profile, of_values, unanswered
from enrich_stream.providers.github.shapes import GpgKey, SocialAccount, User
from enrich_stream.providers.values import email, identifier, others, profile_at
from enrich_stream.verification.verdict import Verdict

NO_SUCH_PERSON = "no such person"
NOT_A_PERSON = "not the account of a person"

_NOREPLY = "@users.noreply.github.com"


def refusal(user: User, question: Question) -> Finding | None:
    """Why an account is not the person asked for; None when it is."""
    asked = question.identifier
    if user.type != "User":
        return Finding(Outcome.ABSENT, reason=NOT_A_PERSON)
    # The search takes an e-mail for words and may find another one that has them all.
    if asked.kind is IdentifierKind.EMAIL and identifier(asked.kind, user.email) != asked:
        return Finding(Outcome.ABSENT, reason=NO_SUCH_PERSON)
    return None


def answer(
    question: Question,
    fields: frozenset[Field],
    user: User,
    keys: Reply[list[GpgKey]] | None = None,
    accounts: Sequence[SocialAccount] = (),
) -> Answer:
    """The answer from a profile, and from keys and links when they were asked for."""
    findings = {Field.PROFILE: _profile(user)}
    if keys:
        findings[Field.EMAIL] = _emails(user, keys)
    links = [user.blog, *(account.url for account in accounts)]
    return Answer(
        findings={field: findings[field] for field in fields},
        person_known=True,
        identities=others(
            question.identifier,
            [
                identifier(IdentifierKind.GITHUB, user.login),
                identifier(IdentifierKind.X, user.twitter_username),
                *map(profile_at, links),
            ],
        ),
    )


def _emails(user: User, reply: Reply[list[GpgKey]]) -> Finding:
    public = [email(user.email)] if user.email else []
    if reply.body is None:  # there may be a verified one, which now nobody can know
        values = tuple(filter(None, public))
        return replace(unanswered(reply), values=values, was_asked=True)
    return of_values([*(value for key in reply.body for value in _of_key(key)), *public])


def _of_key(key: GpgKey) -> list[Value | None]:
    if key.revoked or (key.expires_at and key.expires_at <= clock.present()):
        return []
    return [
        email(one.email, Verdict.VERIFIED, verification="signing key")
        for one in key.emails
        if one.verified and not one.email.lower().endswith(_NOREPLY)
    ]


def _profile(user: User) -> Finding:
    return of_profile(
        {
            "name": user.name,
            "headline": user.bio,
            "company": (user.company or "").strip().removeprefix("@"),
            "location": user.location,
            "website": user.blog,
        },
        "public profile",
    )
