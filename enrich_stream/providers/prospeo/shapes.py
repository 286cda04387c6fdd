"""What Prospeo answers, as far as it is read.

A member whose absence would say something must be there, if only as null: an answer of another
shape is then not taken for one about somebody without anything.
"""

import msgspec


class Email(msgspec.Struct):
    """A work e-mail; masked unless it is revealed."""

    status: str | None
    revealed: bool
    email: str | None = None


class Mobile(msgspec.Struct):
    """A mobile; masked unless it is revealed."""

    status: str | None
    revealed: bool
    mobile: str | None = None
    mobile_international: str | None = None


class Location(msgspec.Struct):
    """Where a person lives."""

    city: str | None = None
    country: str | None = None


class Person(msgspec.Struct):
    """A person."""

    person_id: str
    full_name: str | None = None
    linkedin_url: str | None = None
    current_job_title: str | None = None
    headline: str | None = None
    location: Location | None = None
    email: Email | None = None
    mobile: Mobile | None = None


class Company(msgspec.Struct):
    """Where a person works."""

    name: str | None = None


class Enriched(msgspec.Struct):
    """``POST /enrich-person``."""

    person: Person
    company: Company | None = None
    free_enrichment: bool = False
