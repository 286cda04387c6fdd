"""The standby's copy of the idempotency keys."""

from datetime import timedelta

import pytest
import rocksdict

from api.change import Change
from api.claim_store import ClaimStore
from enrich_stream import clock
from enrich_stream.records import VERSION, IdempotencyKeyClaimed, encode

WEEK = timedelta(days=7)


@pytest.fixture
def db(tmp_path):
    db = rocksdict.Rdict(str(tmp_path / "db"), options=rocksdict.Options(raw_mode=True))
    yield db
    db.close()


def claim(job_id, days_ago=0.0, key=b"k1"):
    at = clock.iso(clock.present() - timedelta(days=days_ago))
    record = IdempotencyKeyClaimed(version=VERSION, job_id=job_id, accepted_at=at, order_hash="")
    return Change(key, encode(record))


def apply(db, *changes):
    batch = rocksdict.WriteBatch(raw_mode=True)
    ClaimStore(db, WEEK).apply(batch, changes)
    db.write(batch)


def holder(db, key="k1"):
    found = ClaimStore(db, WEEK).get(key)
    return found and found.job_id


@pytest.mark.parametrize("together", [True, False])
def test_the_first_claim_holds_however_they_arrive(db, together):
    """In one batch or one after the other, and also when one is read again."""
    claims = [claim("op_1"), claim("op_2"), claim("op_1")]
    if together:
        apply(db, *claims)
    else:
        for one in claims:
            apply(db, one)

    assert holder(db) == "op_1"


@pytest.mark.parametrize("together", [True, False])
def test_a_claim_made_after_the_retention_of_the_first_takes_over(db, together):
    """Their own times decide, so that every front door decides alike, whenever it reads them."""
    claims = [claim("op_1", 7.5), claim("op_2", 0.25), claim("op_3")]
    if together:
        apply(db, *claims)
    else:
        for one in claims:
            apply(db, one)

    assert holder(db) == "op_2"


def test_a_claim_past_its_retention_does_not_hold(db):
    """Nobody has used the key again; the next one may."""
    apply(db, claim("op_1", 7.5))

    assert holder(db) is None


def test_what_is_long_over_is_dropped_when_new_claims_come(db):
    """Nothing else would ever remove it: its topic just lets it go."""
    apply(db, *(claim(f"op_{n}", 9, b"old-%d" % n) for n in range(20)))
    apply(db, claim("op_new", 0, b"new"))

    assert len(list(db.keys())) == 2, "the claim, and its place in time"
    assert holder(db, "new") == "op_new"


def test_what_is_no_claim_changes_nothing(db):
    """Nor does a deletion, which nobody writes."""
    apply(db, claim("op_1"), Change(b"k1", b"{"), Change(b"k1", None))

    assert holder(db) == "op_1"
