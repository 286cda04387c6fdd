"""What LeadMagic answers, as far as it is read.

A member whose absence would say something must be there, if only as null: an answer of another
shape is then not taken for one about somebody without anything.
"""

import msgspec


class ProfileEmail(msgspec.Struct):
    """``POST /v1/people/b2b-profile-email``."""

    email: str | None
    credits_consumed: float = 0.0


class Mobile(msgspec.Struct):
    """``POST /v1/people/mobile-finder``."""

    mobile_number: str | None
    credits_consumed: float = 0.0


class Profile(msgspec.Struct):
    """``POST /v1/people/profile-search``."""

    full_name: str | None
    professional_title: str | None = None
    company_name: str | None = None
    bio: str | None = None
    location: str | None = None
    credits_consumed: float = 0.0


class Validation(msgspec.Struct):
    """``POST /v1/people/email-validation``."""

    email_status: str
