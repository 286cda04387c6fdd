"""What Gravatar answers, as far as it is read.

A member whose absence would say something must be there, if only as null: an answer of another
shape is then not taken for one about somebody without anything.
"""

import msgspec


class Account(msgspec.Struct):
    """An account elsewhere that is proven to be the person's."""

    url: str


class ContactInfo(msgspec.Struct):
    """What the person has made public."""

    email: str | None = None
    cell_phone: str | None = None
    work_phone: str | None = None
    home_phone: str | None = None


class Profile(msgspec.Struct):
    """``GET /profiles/{identifier}``."""

    display_name: str | None
    verified_accounts: list[Account]
    job_title: str | None = None
    company: str | None = None
    location: str | None = None
    description: str | None = None
    contact_info: ContactInfo | None = None
    is_organization: bool = False


class Profiles(msgspec.Struct):
    """``GET /profiles/search/by-verified-account``."""

    profiles: list[Profile]
