"""What connectors read out of answers: e-mails, phones and other names of the same person.

Each is brought to its canonical form here. What cannot be read is None, never an error: the rest
of the answer stands.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

import phonenumbers

from enrich_stream.errors import InputError
from enrich_stream.identifiers import normalise
from enrich_stream.person import Identifier, IdentifierKind
from enrich_stream.providers.base import Value
from enrich_stream.verification.verdict import Verdict

PROFILES = (IdentifierKind.LINKEDIN, IdentifierKind.X, IdentifierKind.GITHUB)
"""The identifiers that are addresses of profiles."""

_WITHOUT_PLUS = re.compile(r"[0-9][0-9 ().-]*")


def email(
    text: object,
    verdict: Verdict | None = None,
    *,
    verification: str | None = None,
    observed_at: datetime | None = None,
    confidence: float | None = None,
) -> Value | None:
    """An e-mail; verified when the verdict on it says so.

    Args:
        text: As the provider wrote it.
        verdict: What the provider says of it; None when it says nothing.
        verification: How it came to that, in a word.
        observed_at: When.
        confidence: 0 to 1.
    """
    found = identifier(IdentifierKind.EMAIL, text)
    if found is None:
        return None
    return Value(
        value=found.value,
        verified=verdict is Verdict.VERIFIED,
        verification=verification,
        verdict=verdict,
        observed_at=observed_at,
        confidence=confidence,
    )


def phone(text: object, verification: str | None = None) -> Value | None:
    """A phone in E.164; verified when the provider vouches for it and such a number can exist.

    Args:
        text: As the provider wrote it, with a country code; a plus sign may be missing.
        verification: How the provider has seen that it is this person's; None when it has not.
    """
    if not isinstance(text, str):
        return None
    if _WITHOUT_PLUS.fullmatch(text):
        text = f"+{text}"
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return Value(
        value=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        verified=verification is not None and phonenumbers.is_valid_number(number),
        verification=verification or "valid_format",
    )


def identifier(kind: IdentifierKind, text: object) -> Identifier | None:
    """What a text names; None when it is no identifier of that kind."""
    try:
        return normalise(kind, text) if isinstance(text, str) else None
    except InputError:
        return None


def profile_at(url: object) -> Identifier | None:
    """The profile at that address; None when it is of no network that we know."""
    is_address = isinstance(url, str) and "." in url.partition("/")[0] + url.partition("//")[2]
    found = (identifier(kind, url) for kind in PROFILES) if is_address else ()
    return next(filter(None, found), None)


def linkedin_url(asked: Identifier) -> str:
    """The address of a LinkedIn profile, as providers want it."""
    return f"https://www.linkedin.com/in/{quote(asked.value)}"


def others(asked: Identifier, found: Iterable[Identifier | None]) -> tuple[Identifier, ...]:
    """The names that came to light, each once, without the one that was asked by."""
    return tuple(dict.fromkeys(one for one in found if one and one != asked))


def moment(text: object) -> datetime | None:
    """A date or a moment in ISO 8601, in UTC; None when it is neither."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        return found and (found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def number(text: str | None) -> float:
    """A number in a header; 0 when it is none."""
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
