"""The standby's copy of what is remembered of each person, as far as an estimate needs it.

Per field the outcome, its age and who said it; never the answers themselves.
"""

from collections.abc import Iterable

import msgspec
import rocksdict

from api.change import Change, readable
from enrich_stream.person import Field, Outcome
from enrich_stream.records import VERSION, Evidence, FieldResult, Record, RememberedContact

_CONTACT = b"c/"


class _Said(msgspec.Struct, frozen=True):
    provider: str


class _Result(msgspec.Struct, frozen=True):
    outcome: Outcome
    as_of: str
    values: tuple[_Said, ...] = ()


class _Contact(Record, frozen=True, kw_only=True):
    """Of a remembered contact all but its values."""

    person_known: bool
    fields: dict[Field, _Result]


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """As it is stored: per field the outcome, ``as_of``, and the providers of its values."""

    person_known: bool
    fields: dict[Field, tuple[Outcome, str, tuple[str, ...]]]


_rows = msgspec.msgpack.Decoder(_Row)


class ContactStore:
    """A part of the standby's database."""

    def __init__(self, db: rocksdict.Rdict) -> None:
        self._db = db

    def get(self, identifier: str) -> RememberedContact | None:
        """What is remembered of a person, its values without what they say."""
        row = self._db.get(_CONTACT + identifier.encode())
        if row is None:
            return None
        known = _rows.decode(row)
        return RememberedContact(
            version=VERSION,
            person_known=known.person_known,
            fields={name: _result(*stored) for name, stored in known.fields.items()},
        )

    def apply(self, batch: rocksdict.WriteBatch, changes: Iterable[Change]) -> None:
        """Add what the changes of remembered contacts change to ``batch``."""
        for change in changes:
            contact = readable(change, _Contact)
            if contact is None:
                batch.delete(_CONTACT + change.key)
            else:
                batch.put(_CONTACT + change.key, msgspec.msgpack.encode(_row(contact)))


def _row(contact: _Contact) -> _Row:
    return _Row(
        person_known=contact.person_known,
        fields={
            name: (r.outcome, r.as_of, tuple(dict.fromkeys(said.provider for said in r.values)))
            for name, r in contact.fields.items()
        },
    )


def _result(outcome: Outcome, as_of: str, providers: tuple[str, ...]) -> FieldResult:
    values = tuple(Evidence(value=None, provider=name, verified=True) for name in providers)
    return FieldResult(outcome=outcome, values=values, as_of=as_of)
