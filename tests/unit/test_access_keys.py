"""What an access key is, and whom it lets in."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from enrich_stream.access_keys import (
    KeyState,
    create_key,
    create_signing_key,
    opens,
    revoke,
    state,
    verification_key,
)
from enrich_stream.clock import iso
from enrich_stream.errors import InputError
from enrich_stream.records import decode, encode

AN_HOUR = timedelta(hours=1)


def test_a_key_has_the_form_of_the_contract_and_256_random_bits():
    """``ak_`` and ``sk_``; 32 random bytes take 43 characters, and no two keys are alike."""
    keys = [create_key("acme") for _ in range(100)]

    assert all(re.fullmatch(r"ak_[0-9A-Z]{26}", key.id) for key, _ in keys)
    assert all(re.fullmatch(r"sk_[A-Za-z0-9_-]{43}", secret) for _, secret in keys)
    assert len({secret for _, secret in keys}) == len({key.id for key, _ in keys}) == 100


def test_the_record_does_not_hold_the_secret():
    """What travels is a digest under the secret, which tells nothing of it."""
    key, secret = create_key("acme")

    record = encode(key).decode()
    assert secret not in record
    assert secret.removeprefix("sk_") not in record
    assert re.fullmatch(r"[0-9a-f]{64}", key.digest)


def test_a_key_opens_with_its_secret_only():
    """Neither another secret, nor another key's, nor an unknown key lets anybody in."""
    key, secret = create_key("acme")
    other, other_secret = create_key("acme")

    assert opens(key, key.id, secret)
    assert not opens(key, key.id, other_secret)
    assert not opens(key, other.id, secret)
    assert not opens(key, key.id, "")
    assert not opens(None, key.id, secret)
    assert not opens(None, "", "")


def test_an_unknown_key_is_compared_like_a_known_one(monkeypatch):
    """Refusing takes one digest and one constant-time comparison, whatever is wrong."""
    import hmac

    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        "enrich_stream.access_keys.hmac.compare_digest",
        lambda a, b: compared.append((len(a), len(b))) or real(a, b),
    )
    key, secret = create_key("acme")

    opens(None, key.id, secret)
    opens(key, key.id, "sk_wrong")
    opens(revoke(key), key.id, secret)
    assert compared == [(64, 64)] * 3


def test_a_revoked_key_opens_nothing_and_keeps_when_that_was():
    """Revoking is for good; once more changes nothing."""
    key, secret = create_key("acme")

    revoked = revoke(key)

    assert (state(key), state(revoked)) == (KeyState.VALID, KeyState.REVOKED)
    assert not opens(revoked, key.id, secret)
    assert revoke(revoked) == revoked


def test_an_expired_key_opens_nothing(monkeypatch):
    """From its moment on, not before."""
    end = datetime.now(UTC) + AN_HOUR
    key, secret = create_key("acme", expires_at=end)
    assert opens(key, key.id, secret)

    monkeypatch.setattr("enrich_stream.access_keys.clock.present", lambda: end)

    assert state(key) is KeyState.EXPIRED
    assert not opens(key, key.id, secret)
    assert key.expires_at == iso(end)


@pytest.mark.parametrize(
    "details",
    [
        {"organisation": ""},
        {"organisation": "a/b"},
        {"organisation": "x" * 101},
        {"organisation": "acme", "name": "x" * 101},
        {"organisation": "acme", "name": "two\nlines"},
        {"organisation": "acme", "expires_at": datetime.now(UTC) - AN_HOUR},
    ],
    ids=["no organisation", "a slash", "too long", "a long name", "a line break", "the past"],
)
def test_what_could_not_be_used_is_refused(details):
    """A key that would break a row, a table or a promise is not made."""
    with pytest.raises(InputError):
        create_key(**details)


def pem(public_key):
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_of_a_key_that_signs_only_the_public_half_is_kept():
    """Whoever reads the record can verify with it, and sign nothing."""
    private = ed25519.Ed25519PrivateKey.generate()
    key = create_signing_key("acme", pem(private.public_key()))

    verification_key(key).verify(private.sign(b"text"), b"text")
    assert key.digest == ""
    assert not opens(key, key.id, "")
    assert verification_key(revoke(key)) is None
    assert verification_key(create_key("acme")[0]) is None


@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        b"ssh-ed25519 AAAA",
        pem(x25519.X25519PrivateKey.generate().public_key()),
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
    ],
    ids=["nothing", "another format", "another kind of key", "the private half"],
)
def test_what_is_no_public_key_to_sign_with_is_refused(public_key):
    """Above all the private half, which must not be handed in."""
    with pytest.raises(InputError, match="Ed25519"):
        create_signing_key("acme", public_key)


def test_a_key_survives_its_record():
    """What is written is what is read."""
    public_key = pem(ed25519.Ed25519PrivateKey.generate().public_key())
    end = datetime.now(UTC) + AN_HOUR
    keys = [
        create_key("acme", name="CI", expires_at=end)[0],
        create_signing_key("acme", public_key, name="CI", expires_at=end),
    ]

    assert [decode(encode(key), type(key)) for key in keys] == keys
