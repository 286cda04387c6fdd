"""Phones by the numbering plans."""

import pytest

from enrich_stream.providers.base import Value
from enrich_stream.verification.phones import (
    BY_SOURCE,
    NOT_IN_USE,
    VALID_FORMAT,
    check_phone,
    read_phone,
)


@pytest.mark.parametrize(
    ("text", "e164", "kind", "region"),
    [
        ("+44 20 7946 0190", "+442079460190", "fixed_line", "GB"),
        ("+44 (0) 7400 123456", "+447400123456", "mobile", "GB"),
        ("tel:+1-415-555-0132", "+14155550132", "fixed_line_or_mobile", "US"),
        ("+49 171 1234567", "+491711234567", "mobile", "DE"),
        ("+800 1234 5678", "+80012345678", "toll_free", None),
    ],
)
def test_a_phone_has_one_form_a_type_and_a_region(text, e164, kind, region):
    """However it is written; a number of no country has no region."""
    phone = read_phone(text)

    assert (phone.e164, phone.type, phone.region, phone.is_in_plan) == (e164, kind, region, True)


@pytest.mark.parametrize(
    "text", ["020 7946 0190", "+1", "call me", "", "+" + "1" * 50, None, 442079460190, True]
)
def test_what_names_no_country_or_no_number_is_none(text):
    """Nobody guesses a country, and a provider's ``true`` in place of a number is nothing."""
    assert read_phone(text) is None
    assert check_phone(Value(value=text)) is None


def test_a_number_is_verified_by_its_source_and_its_plan():
    """Both must agree, and the evidence says what the plan knows."""
    checked = check_phone(Value(value="+44 7400 123456", verified=True))

    assert (checked.value, checked.verified) == ("+447400123456", True)
    assert checked.verification == BY_SOURCE
    assert checked.details == {"type": "mobile", "region": "GB"}


def test_what_the_source_says_of_how_it_verified_stays():
    """The plan adds to it and does not write over it."""
    checked = check_phone(Value(value="+447400123456", verification="called"))

    assert checked.verification == "called"


def test_the_plan_alone_verifies_nothing():
    """That such a number can exist does not say whose it is."""
    checked = check_phone(Value(value="+447400123456", verified=False))

    assert (checked.verified, checked.verification) == (False, VALID_FORMAT)


def test_a_number_in_no_plan_is_not_verified_whoever_says_so():
    """It can be dialled and nobody answers."""
    checked = check_phone(Value(value="+15550100", verified=True))

    assert (checked.verified, checked.verification) == (False, NOT_IN_USE)
