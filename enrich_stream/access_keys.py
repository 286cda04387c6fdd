"""The rules of access keys: how one is made, what is kept of it, and whether it lets somebody in.

A key is a public name (``ak_…``) and a secret (``sk_…``) of 256 random bits. The secret is shown
once; what is kept is an HMAC-SHA256 under it, from which it cannot be had back. Such a secret
cannot be guessed, so there is nothing that a slow hash would make safer.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from enum import StrEnum

import msgspec
from ulid import ULID

from enrich_stream import clock
from enrich_stream.errors import InputError
from enrich_stream.records import VERSION, Record

SECRET_BYTES = 32
MAX_NAME_CHARS = 100
_ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NO_DIGEST = "0" * hashlib.sha256().digest_size * 2


class KeyState(StrEnum):
    """Whether a key lets anybody in."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


class AccessKey(Record, frozen=True, kw_only=True):
    """``enrichment-access-keys``, key is the ``id``: one key, as far as it may be known.

    Attributes:
        id: ``ak_`` and 26 characters; public, may be logged.
        organisation: Whose jobs it may start and see.
        name: What its owner calls it.
        digest: HMAC-SHA256 of the id under the secret, in hexadecimal.
        created_at: ISO 8601, UTC, milliseconds.
        expires_at: From then on it lets nobody in; None for never.
        revoked_at: When it was withdrawn for good; None when it was not.
    """

    id: str
    organisation: str
    name: str = ""
    digest: str
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None


def create_key(
    organisation: str, *, name: str = "", expires_at: datetime | None = None
) -> tuple[AccessKey, str]:
    """A new key and its secret; ``InputError`` when it could not be used as asked."""
    if not _ORGANISATION.fullmatch(organisation):
        raise InputError(
            "an organisation's name has 1 to 100 letters, digits, dots, dashes or underscores"
        )
    if len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise InputError(f"a key's name has at most {MAX_NAME_CHARS} printable characters")
    if expires_at and expires_at <= clock.present():
        raise InputError("a key cannot expire in the past")
    key_id, secret = f"ak_{ULID()}", f"sk_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = AccessKey(
        version=VERSION,
        id=key_id,
        organisation=organisation,
        name=name,
        digest=_digest(key_id, secret),
        created_at=clock.now(),
        expires_at=clock.iso(expires_at) if expires_at else None,
    )
    return key, secret


def revoke(key: AccessKey) -> AccessKey:
    """The key, withdrawn; it keeps the moment at which that was first done."""
    return key if key.revoked_at else msgspec.structs.replace(key, revoked_at=clock.now())


def state(key: AccessKey) -> KeyState:
    """Whether the key lets anybody in now."""
    if key.revoked_at:
        return KeyState.REVOKED
    has_expired = key.expires_at and datetime.fromisoformat(key.expires_at) <= clock.present()
    return KeyState.EXPIRED if has_expired else KeyState.VALID


def opens(key: AccessKey | None, key_id: str, secret: str) -> bool:
    """Whether ``secret`` is the one of ``key``, and ``key`` lets anybody in.

    A key that does not exist takes as long to refuse as a wrong secret.
    """
    expected = key.digest if key else _NO_DIGEST
    is_right = hmac.compare_digest(expected, _digest(key_id, secret))
    return is_right and key is not None and state(key) is KeyState.VALID


def _digest(key_id: str, secret: str) -> str:
    return hmac.digest(secret.encode(), key_id.encode(), "sha256").hex()
