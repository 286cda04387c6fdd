"""What People Data Labs answers, as far as it is read.

A value that is there but not shown is written as ``true``; one that a plan does not have at all may
be left out, which says nothing either.
"""

import msgspec
from msgspec import UNSET, UnsetType

Shown = str | bool | None
ShownList = list[str] | bool | None


class Address(msgspec.Struct):
    """One e-mail."""

    address: Shown


class Network(msgspec.Struct):
    """One profile in a network."""

    url: str | None = None


class Person(msgspec.Struct):
    """The members that are asked for, and no others."""

    full_name: Shown | UnsetType = UNSET
    job_title: Shown = None
    job_company_name: Shown = None
    location_name: Shown = None
    work_email: Shown = None
    recommended_personal_email: Shown = None
    personal_emails: ShownList = None
    emails: list[Address] | bool | UnsetType | None = UNSET
    mobile_phone: Shown = None
    phone_numbers: ShownList | UnsetType = UNSET
    linkedin_url: Shown = None
    twitter_username: Shown = None
    github_username: Shown = None
    profiles: list[Network] | bool | None = None


class Match(msgspec.Struct):
    """``GET /person/enrich``."""

    data: Person
    likelihood: int
