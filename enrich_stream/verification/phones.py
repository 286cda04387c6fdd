"""Phones by the numbering plans of the world: canonical form, type, region, and what is verified.

A number is verified when its source says so *and* a numbering plan has it. That such a number can
exist says nothing about whose it is, so the plan alone verifies nothing.
"""

import msgspec
import phonenumbers
from msgspec.structs import replace
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from enrich_stream.providers.base import Value

BY_SOURCE = "source"
VALID_FORMAT = "valid format"
NOT_IN_USE = "in no numbering plan"

MAX_CHARS = 40
"""The longest number with an extension is shorter; bounds the work of one hostile text."""


class Phone(msgspec.Struct, frozen=True):
    """A number that can be dialled.

    Attributes:
        e164: For example ``+442079460190``.
        type: ``mobile``, ``fixed_line``, ... ; None when the plan does not tell.
        region: ISO 3166 code of the country; None for numbers of no country, such as +800.
        is_in_plan: Whether a numbering plan has numbers like it in use.
    """

    e164: str
    type: str | None
    region: str | None
    is_in_plan: bool


def read_phone(text: object) -> Phone | None:
    """The phone in a text that says its country; None when there is none."""
    if not isinstance(text, str) or len(text) > MAX_CHARS:
        return None
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    kind = phonenumbers.number_type(number)
    # What the library calls a valid number: of some type in the plan of its region.
    is_in_plan = kind != PhoneNumberType.UNKNOWN
    return Phone(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        type=PhoneNumberType.to_string(kind).lower() if is_in_plan else None,
        region=_region(number),
        is_in_plan=is_in_plan,
    )


def check_phone(value: Value) -> Value | None:
    """A provider's phone in canonical form, verified or not; None when it is no phone."""
    phone = read_phone(value.value)
    if phone is None:
        return None
    known = {"type": phone.type, "region": phone.region}
    return replace(
        value,
        value=phone.e164,
        verified=value.verified and phone.is_in_plan,
        verification=_how(value, phone),
        details={**value.details, **{name: text for name, text in known.items() if text}},
    )


def _region(number: phonenumbers.PhoneNumber) -> str | None:
    region = phonenumbers.region_code_for_number(number)
    return region if region and region.isalpha() else None


def _how(value: Value, phone: Phone) -> str:
    if not phone.is_in_plan:
        return NOT_IN_USE
    return (value.verification or BY_SOURCE) if value.verified else VALID_FORMAT
