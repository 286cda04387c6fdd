"""Makes a person of a row: identifiers, contacts, flags and dates in canonical form.

A value that cannot be read is left out with a reason; the rest of the row stands.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any

import msgspec
import phonenumbers

from enrich_stream.errors import InputError
from enrich_stream.identifiers import normalise
from enrich_stream.person import Identifier, IdentifierKind
from enrich_stream.providers.directory.members import IDENTIFIERS, MULTIPLE, PROFILE
from enrich_stream.providers.directory.rows import Row, read_json

PLATFORM = "directory"
"""Where a signal was seen when its row does not say."""

# "invalid" and the like say what was found out about an address: it is kept, as not verified.
_YES = {"true", "t", "yes", "y", "1", "verified", "valid", "deliverable"}
_NO = {"false", "f", "no", "n", "0", "unverified", "not verified", "invalid", "undeliverable"}
_NO |= {"unknown", "risky", "unavailable", "bounced", "catch-all", "catch_all", "accept_all"}

_EVENT_EXTRAS = ("url", "evidence", "confidence")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Contact(msgspec.Struct, frozen=True, array_like=True):
    """An e-mail or a phone of a person, in canonical form."""

    value: str
    verified: bool
    seen_at: datetime | None


class Person(msgspec.Struct, frozen=True, array_like=True):
    """What the operator has on record about one person; contacts and signals best first."""

    identifiers: tuple[str, ...]
    emails: tuple[Contact, ...]
    phones: tuple[Contact, ...]
    profile: dict[str, Any]
    signals: tuple[dict[str, Any], ...]
    updated_at: datetime | None


def read_person(row: Row, phone_region: str | None) -> tuple[Person, list[str]]:
    """The person in a row, and why some of its values were left out."""
    reader = _RowReader(row, phone_region)
    emails = _best_first(reader.emails())
    identifiers = (*reader.identifiers(), *(f"{IdentifierKind.EMAIL}:{e.value}" for e in emails))
    person = Person(
        identifiers=tuple(dict.fromkeys(identifiers)),
        emails=emails,
        phones=_best_first(reader.phones()),
        profile=reader.profile(),
        signals=tuple(sorted(reader.signals(), key=_occurred_at, reverse=True)),
        updated_at=next((reader.date("updated_at", v) for v in reader.given("updated_at")), None),
    )
    return person, reader.faults


def _best_first(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    ranked = sorted(contacts, key=lambda c: (c.verified, c.seen_at or _LONG_AGO), reverse=True)
    best: dict[str, Contact] = {}
    for contact in ranked:
        best.setdefault(contact.value, contact)
    return tuple(best.values())


def _occurred_at(event: dict[str, Any]) -> str:
    return str(event["occurred_at"])


class _RowReader:
    """The values of one row, and the faults met while reading them."""

    def __init__(self, row: Row, phone_region: str | None) -> None:
        self.faults: list[str] = []
        self._phone_region = phone_region
        self._members: dict[str, list[object]] = {}
        for member, value in row.cells:
            self._members.setdefault(member, []).extend(_spread(member, value))

    def given(self, member: str) -> Iterator[object]:
        """The values of a member that are not blank."""
        return (value for value in self._members.get(member, ()) if value not in ("", None))

    def identifiers(self) -> Iterator[str]:
        """The keys of all identifiers that are not e-mails."""
        for member, kind in IDENTIFIERS.items():
            if kind is not IdentifierKind.EMAIL:
                found = (self._identifier(kind, value) for value in self.given(member))
                yield from (str(identifier) for identifier in found if identifier)

    def emails(self) -> Iterator[Contact]:
        """The e-mails: verified when flagged so, or when dated and not flagged."""
        for text, flag, seen_at in self._contacts("email"):
            if identifier := self._identifier(IdentifierKind.EMAIL, text):
                verified = seen_at is not None if flag is None else flag
                yield Contact(identifier.value, verified, seen_at)

    def phones(self) -> Iterator[Contact]:
        """The phones: verified when such a number can exist, unless flagged otherwise."""
        for text, flag, seen_at in self._contacts("phone"):
            if number := self._phone(text):
                e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                verified = flag is not False and phonenumbers.is_valid_number(number)
                yield Contact(e164, verified, seen_at)

    def profile(self) -> dict[str, Any]:
        """The profile object, with the columns of the profile laid over it."""
        profile: dict[str, Any] = {}
        for value in self.given("profile"):
            found = self._json("profile", value)
            if isinstance(found, dict):
                profile |= found
            elif found is not None:
                self.faults.append("profile is not a JSON object")
        return profile | {
            name: value for name in self._members if name in PROFILE for value in self.given(name)
        }

    def signals(self) -> Iterator[dict[str, Any]]:
        """The events, each with a time in UTC that sorts as text."""
        for value in self.given("signals"):
            found = self._json("signals", value)
            events = [] if found is None else found if isinstance(found, list) else [found]
            for event in events:
                if read := self._event(event):
                    yield read

    def date(self, member: str, value: object) -> datetime | None:
        """A moment in UTC; None when blank or unreadable."""
        moment = _moment(value)
        if moment is None and value not in ("", None):
            self.faults.append(f"{member} is not a date like 2026-03-31")
        return moment

    def _identifier(self, kind: IdentifierKind, value: object) -> Identifier | None:
        try:
            return normalise(kind, _text(value))
        except InputError as error:
            self.faults.append(f"{kind} {error}")
            return None

    def _contacts(self, member: str) -> Iterator[tuple[object, bool | None, datetime | None]]:
        flags = chain(self._members.get(f"{member}_verified", ()), repeat(None))
        dates = chain(self._members.get(f"{member}_verified_at", ()), repeat(None))
        for written in zip(self._members.get(member, ()), flags, dates, strict=False):
            value, flag, date = _unwrapped(*written)
            if isinstance(written[0], dict) and value is None:
                self.faults.append(f"{member}: an object has no value")
            if value not in ("", None):
                verified = self._flag(f"{member}_verified", flag)
                yield value, verified, self.date(f"{member}_verified_at", date)

    def _flag(self, member: str, value: object) -> bool | None:
        word = str(value).strip().lower()
        if value in ("", None):
            return None
        if word not in _YES | _NO:
            self.faults.append(f"{member} is neither yes nor no; taken as no")
        return word in _YES

    def _phone(self, value: object) -> phonenumbers.PhoneNumber | None:
        try:
            number = phonenumbers.parse(_text(value), self._phone_region)
        except (phonenumbers.NumberParseException, InputError):
            self.faults.append("phone is not a number with a country code")
            return None
        if not phonenumbers.is_possible_number(number):
            self.faults.append("phone is not a possible number")
            return None
        return number

    def _json(self, member: str, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return read_json(value)
        except InputError as error:
            self.faults.append(f"{member}: {error}")
            return None

    def _event(self, event: object) -> dict[str, Any] | None:
        if not (isinstance(event, dict) and isinstance(event.get("type"), str)):
            self.faults.append("signals: an event is not an object with a type")
            return None
        occurred_at = _moment(event.get("occurred_at"))
        if not occurred_at:
            self.faults.append("signals: an event has no readable time")
            return None
        return {
            "type": event["type"],
            "platform": str(event.get("platform") or PLATFORM).strip().lower(),
            "occurred_at": occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        } | {name: event[name] for name in _EVENT_EXTRAS if event.get(name) is not None}


def _unwrapped(value: object, flag: object, date: object) -> tuple[object, object, object]:
    """A contact with its flag and date, which an object brings along itself."""
    if isinstance(value, dict):
        return value.get("value"), value.get("verified"), value.get("verified_at")
    return value, flag, date


def _spread(member: str, value: object) -> list[object]:
    """The single values in a cell or JSON member; blanks stay, for flags go by position."""
    items = value if isinstance(value, list) else [value]
    if member not in MULTIPLE:
        return [item.strip() if isinstance(item, str) else item for item in items]
    parts = (item.split(";") if isinstance(item, str) else [item] for item in items)
    return [part.strip() if isinstance(part, str) else part for part in chain.from_iterable(parts)]


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # spreadsheets write handles and phones of digits as numbers
    raise InputError("must be a text")
