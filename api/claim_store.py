"""The standby's copy of the idempotency keys: which job each of them stands for.

Of several claims of one key the first on its topic holds, for as long as its job is kept; so every
front door that has read as far as a claim gives the same answer about its key.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import rocksdict

from api.change import Change, readable
from enrich_stream import clock
from enrich_stream.records import IdempotencyKeyClaimed, decode, encode

_CLAIM, _BY_TIME = b"k/", b"t/"
_SLACK = timedelta(days=1)
"""More than the clocks of two front doors differ by, so that none forgets what another goes by."""


class ClaimStore:
    """A part of the standby's database.

    Args:
        db: The database.
        retention: How long a job is kept.
    """

    def __init__(self, db: rocksdict.Rdict, retention: timedelta) -> None:
        self._db = db
        self._retention = retention

    def get(self, key: str) -> IdempotencyKeyClaimed | None:
        """The claim of a key that holds now; None when the key may be used (anew)."""
        claim = self._holder(key.encode())
        return None if claim is None or self._is_over(claim, clock.present()) else claim

    def apply(self, batch: rocksdict.WriteBatch, changes: Iterable[Change]) -> None:
        """Add what the claims change to ``batch``."""
        new: dict[bytes, IdempotencyKeyClaimed] = {}
        for change in changes:
            claim = readable(change, IdempotencyKeyClaimed)
            if claim is None:
                continue
            holder = new.get(change.key) or self._holder(change.key)
            if holder is None or self._is_over(holder, _moment(claim)):
                new[change.key] = claim
        if new:
            self._forget(batch, before=clock.present() - self._retention - _SLACK)
        for key, claim in new.items():
            batch.put(_CLAIM + key, encode(claim))
            batch.put(_time_key(claim, key), b"")

    def _holder(self, key: bytes) -> IdempotencyKeyClaimed | None:
        row = self._db.get(_CLAIM + key)
        return decode(row, IdempotencyKeyClaimed) if row is not None else None

    def _is_over(self, claim: IdempotencyKeyClaimed, at: datetime) -> bool:
        return at - _moment(claim) >= self._retention

    def _forget(self, batch: rocksdict.WriteBatch, before: datetime) -> None:
        """Drop what is over: no record says so, for its topic just lets it go."""
        for name in self._db.keys(from_key=_BY_TIME):
            # In raw mode every key is bytes, which the library's types do not know.
            entry = bytes(name)  # type: ignore[arg-type]
            accepted_at, _, key = entry.removeprefix(_BY_TIME).partition(b"/")
            if not entry.startswith(_BY_TIME) or accepted_at.decode() > clock.iso(before):
                return
            batch.delete(entry)
            batch.delete(_CLAIM + key)


def _moment(claim: IdempotencyKeyClaimed) -> datetime:
    return datetime.fromisoformat(claim.accepted_at)


def _time_key(claim: IdempotencyKeyClaimed, key: bytes) -> bytes:
    return _BY_TIME + claim.accepted_at.encode() + b"/" + key
