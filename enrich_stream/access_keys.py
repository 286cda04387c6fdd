"""The rules of access keys: how one is made, what is kept of it, and whether it lets somebody in.

A key is a public name (``ak_…``) and a secret (``sk_…``) of 256 random bits. The secret is shown
once; what is kept is an HMAC-SHA256 under it, from which it cannot be had back. Such a secret
cannot be guessed, so there is nothing that a slow hash would make safer.

Or a key has no secret and signs: what is kept is the public half of an Ed25519 key pair, whose
private half its owner has never shown to anybody. An HMAC signature would need a secret here that
signs as well as the owner's does, and whoever could read the topic of keys could use them all.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from enum import StrEnum

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
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
        digest: HMAC-SHA256 of the id under the secret, in hexadecimal; empty when it has none.
        public_key: An Ed25519 public key in base 64, of a key that signs; otherwise empty.
        created_at: ISO 8601, UTC, milliseconds.
        expires_at: From then on it lets nobody in; None for never.
        revoked_at: When it was withdrawn for good; None when it was not.
    """

    id: str
    organisation: str
    name: str = ""
    digest: str = ""
    public_key: str = ""
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None


def create_key(
    organisation: str, *, name: str = "", expires_at: datetime | None = None
) -> tuple[AccessKey, str]:
    """A new key and its secret; ``InputError`` when it could not be used as asked."""
    key, secret = _new(organisation, name, expires_at), f"sk_{secrets.token_urlsafe(SECRET_BYTES)}"
    return msgspec.structs.replace(key, digest=_digest(key.id, secret)), secret


def create_signing_key(
    organisation: str, public_key: bytes, *, name: str = "", expires_at: datetime | None = None
) -> AccessKey:
    """A new key for whoever has the private half; ``InputError`` when it could not be used."""
    raw = _ed25519(public_key).public_bytes_raw()
    key = _new(organisation, name, expires_at)
    return msgspec.structs.replace(key, public_key=base64.b64encode(raw).decode())


def _new(organisation: str, name: str, expires_at: datetime | None) -> AccessKey:
    """A key that nothing opens yet."""
    if not _ORGANISATION.fullmatch(organisation):
        raise InputError(
            "an organisation's name has 1 to 100 letters, digits, dots, dashes or underscores"
        )
    if len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise InputError(f"a key's name has at most {MAX_NAME_CHARS} printable characters")
    if expires_at and expires_at <= clock.present():
        raise InputError("a key cannot expire in the past")
    return AccessKey(
        version=VERSION,
        id=f"ak_{ULID()}",
        organisation=organisation,
        name=name,
        created_at=clock.now(),
        expires_at=clock.iso(expires_at) if expires_at else None,
    )


def _ed25519(pem: bytes) -> Ed25519PublicKey:
    try:
        public_key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        public_key = None
    if not isinstance(public_key, Ed25519PublicKey):
        raise InputError("the public key must be an Ed25519 key in PEM, as openssl writes it")
    return public_key


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
    expected = key.digest if key and key.digest else _NO_DIGEST
    is_right = hmac.compare_digest(expected, _digest(key_id, secret))
    return is_right and key is not None and state(key) is KeyState.VALID


def verification_key(key: AccessKey) -> Ed25519PublicKey | None:
    """What the signatures of ``key`` are verified with; None when it lets nobody in by signing."""
    if not key.public_key or state(key) is not KeyState.VALID:
        return None
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public_key))


def _digest(key_id: str, secret: str) -> str:
    return hmac.digest(secret.encode(), key_id.encode(), "sha256").hex()
