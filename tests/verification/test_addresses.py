"""Addresses that nobody in person reads."""

import pytest

from enrich_stream.verification.addresses import DISPOSABLE, NO_REPLY, ROLE, fault


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("mira@mailinator.com", DISPOSABLE),
        ("mira@in.mailinator.com", DISPOSABLE),
        ("info@acme.example", ROLE),
        ("sales+mira@acme.example", ROLE),
        ("postmaster@acme.example", ROLE),
        ("noreply@acme.example", NO_REPLY),
        ("do-not-reply@acme.example", NO_REPLY),
        ("no_reply.7@acme.example", NO_REPLY),
        ("bounces+mira=acme.example@list.example", NO_REPLY),
        ("1234+mira@users.noreply.github.com", NO_REPLY),
    ],
)
def test_an_address_of_nobody_in_person_has_a_fault(email, why):
    """Disposable domains and what is below them, roles with any tag, and machines."""
    assert fault(email) == why


@pytest.mark.parametrize(
    "email",
    [
        "mira@acme.example",
        "mira.okafor+info@acme.example",
        "infor@acme.example",
        "noreplyan@acme.example",
        "mira@ourmailinator.example",
        "mira@mailinator.com.acme.example",
    ],
)
def test_a_person_has_none(email):
    """Names and domains that only look like one."""
    assert fault(email) is None
