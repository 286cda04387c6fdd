"""The rules of the memory: what is kept of a contact, and for how long it answers.

Per field, the newest answer that is not ``unknown``: an outage is never remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import msgspec

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.records import VERSION, EnrichedContact, FieldResult, RememberedContact
from enrich_stream.settings import Settings


@dataclass(frozen=True, slots=True)
class MaxAge:
    """How long an answer stands for asking again."""

    found: timedelta
    absent: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings have it."""
        return cls(
            found=timedelta(days=settings.remember_found_days),
            absent=timedelta(days=settings.remember_absent_days),
        )

    def allows(self, result: FieldResult, at: datetime) -> bool:
        """Whether ``result`` still answers."""
        longest = self.found if result.outcome is Outcome.FOUND else self.absent
        return at - datetime.fromisoformat(result.as_of) < longest


def remember(known: RememberedContact | None, contact: EnrichedContact) -> RememberedContact:
    """What is known of a person after one more contact; the same for any order of contacts."""
    fields = dict(known.fields) if known else {}
    for name, result in contact.fields.items():
        older = fields.get(name)
        if result.outcome is not Outcome.UNKNOWN and (not older or older.as_of <= result.as_of):
            fields[name] = result
    person_known = contact.person_known or (known is not None and known.person_known)
    if known is None:
        return RememberedContact(version=VERSION, person_known=person_known, fields=fields)
    return msgspec.structs.replace(known, person_known=person_known, fields=fields)


def fresh(known: RememberedContact | None, max_age: MaxAge) -> Mapping[Field, FieldResult]:
    """What of the memory answers now."""
    if known is None:
        return {}
    at = clock.present()
    return {name: result for name, result in known.fields.items() if max_age.allows(result, at)}
