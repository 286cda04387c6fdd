"""What GitHub answers, as far as it is read.

A member whose absence would say something must be there, if only as null: an answer of another
shape is then not taken for one about somebody without anything.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class User(msgspec.Struct):
    """``GET /users/{username}``."""

    login: str
    type: Literal["User", "Organization", "Bot", "Mannequin"]
    email: str | None
    name: str | None = None
    company: str | None = None
    blog: str | None = None
    location: str | None = None
    bio: str | None = None
    twitter_username: str | None = None


class KeyEmail(msgspec.Struct):
    """One e-mail of a GPG key."""

    email: str
    verified: bool


class GpgKey(msgspec.Struct):
    """One of ``GET /users/{username}/gpg_keys``."""

    emails: list[KeyEmail]
    revoked: bool
    expires_at: Annotated[datetime, Meta(tz=True)] | None


class SocialAccount(msgspec.Struct):
    """One of ``GET /users/{username}/social_accounts``."""

    url: str


class Hit(msgspec.Struct):
    """One account found."""

    login: str


class Hits(msgspec.Struct):
    """``GET /search/users``."""

    incomplete_results: bool
    items: list[Hit]
