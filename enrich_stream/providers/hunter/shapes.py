"""What Hunter answers, as far as it is read.

A member whose absence would say something must be there, if only as null: an answer of another
shape is then not taken for one about somebody without anything.
"""

import msgspec


class Verification(msgspec.Struct):
    """What Hunter's own check of an e-mail said, and when."""

    status: str | None
    date: str | None = None


class Found(msgspec.Struct):
    """The data of ``/email-finder``."""

    email: str | None
    phone_number: str | None = None
    score: float | None = None
    twitter: str | None = None
    linkedin_url: str | None = None
    verification: Verification | None = None


class Finder(msgspec.Struct):
    """``GET /email-finder``."""

    data: Found


class Handle(msgspec.Struct):
    """An account elsewhere."""

    handle: str | None = None


class Name(msgspec.Struct, rename="camel"):
    """A person's name."""

    full_name: str | None = None


class Employment(msgspec.Struct):
    """Where a person works."""

    name: str | None = None
    title: str | None = None


class Person(msgspec.Struct):
    """The data of ``/people/find``."""

    name: Name | None
    phone: str | None
    location: str | None = None
    employment: Employment | None = None
    twitter: Handle | None = None
    github: Handle | None = None
    linkedin: Handle | None = None


class People(msgspec.Struct):
    """``GET /people/find``."""

    data: Person


class Checked(msgspec.Struct):
    """The data of ``/email-verifier``."""

    status: str
    smtp_check: bool | None = None


class Check(msgspec.Struct):
    """``GET /email-verifier``."""

    data: Checked
