"""The invented people of a run, and the truth about each: what an answer must say of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome

FIELDS = (Field.EMAIL, Field.PHONE)
_KINDS = tuple(IdentifierKind)
_ONE_IN = 20
"""Of so many people one is known to nobody, one makes the provider fail, one has no e-mail."""


class Truth(StrEnum):
    """What the provider has to say about somebody."""

    KNOWN = "known"
    WITHOUT_EMAIL = "without e-mail"
    NOBODY = "nobody"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told from others by a number."""

    number: int

    @property
    def identifier(self) -> Identifier:
        """Canonical; all four kinds take turns."""
        kind = _KINDS[self.number % len(_KINDS)]
        name = f"person{self.number}"
        return Identifier(kind, f"{name}@chaos.example" if kind is IdentifierKind.EMAIL else name)

    @property
    def given(self) -> dict[str, str]:
        """The identifier as a caller writes it."""
        identifier = self.identifier
        before = (
            "https://www.linkedin.com/in/" if identifier.kind is IdentifierKind.LINKEDIN else ""
        )
        return {identifier.kind.value: before + identifier.value}

    @property
    def truth(self) -> Truth:
        """What the provider has to say, whenever it is asked."""
        place = self.number // len(_KINDS) % _ONE_IN
        return {0: Truth.NOBODY, 1: Truth.FAILS, 2: Truth.WITHOUT_EMAIL}.get(place, Truth.KNOWN)

    @property
    def outcome(self) -> Outcome:
        """The truth in the words of the domain."""
        return {Truth.NOBODY: Outcome.ABSENT, Truth.FAILS: Outcome.UNKNOWN}.get(
            self.truth, Outcome.FOUND
        )

    @property
    def contact(self) -> dict[str, list[str]]:
        """The values there are, as an answer shows them."""
        email = [f"person{self.number}@answers.example"]
        return {
            "email": [] if self.truth is Truth.WITHOUT_EMAIL else email,
            "phone": [f"+1415{self.number:07d}"],
        }


_TRACES = re.compile(r"person\d+|\+1415\d{7}")


def traces(text: str) -> set[str]:
    """What a text tells of any of these people: names in whatever form, addresses, phones."""
    return set(_TRACES.findall(text))


def person_named(identifier: str) -> Person:
    """The person of a canonical identifier; ``ValueError`` when nobody has it."""
    name = Identifier.parse(identifier).value.partition("@")[0]
    person = Person(int(name.removeprefix("person")))
    if str(person.identifier) != identifier:
        raise ValueError(identifier)
    return person


def is_true_item(item: Mapping[str, Any], person: Person) -> bool:
    """Whether one entry of ``result.items`` says the truth about this person."""
    if item.get("identifier") != person.given:
        return False
    if person.outcome is Outcome.FOUND:
        return item.get("status") == "success" and item.get("data") == {"contact": person.contact}
    is_unknown = person.outcome is Outcome.UNKNOWN
    error = item.get("error", {})
    return item.get("status") == "failed" and error.get("retryable") is is_unknown


def is_true_contact(contact: Mapping[str, Any], person: Person) -> bool:
    """Whether a record of the output topic says the truth about this person."""
    if contact["outcome"] != person.outcome or contact["given"] != person.given:
        return False
    values = {
        name.partition(".")[2]: [value["value"] for value in field.get("values", ())]
        for name, field in contact["fields"].items()
    }
    nothing: dict[str, list[str]] = {"email": [], "phone": []}
    return values == (person.contact if person.outcome is Outcome.FOUND else nothing)
