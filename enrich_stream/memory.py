"""The rules of the memory: what is kept of a contact, and for how long it answers.

Per field, the newest answer that is not ``unknown``: an outage is never remembered. Nor is the
"no" of a job that let only some providers be asked: another one may know. Nor are signals: what was
said lately is another thing tomorrow, and depends on what the caller wanted of it.
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

CAPPED_JOBS = 8
"""Of how many jobs with a cap it is kept what they spent on one person."""


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
        if _is_memorable(name, result, contact) and (not older or older.as_of <= result.as_of):
            fields[name] = _as_found_out(result)
    return msgspec.structs.replace(
        known or RememberedContact(version=VERSION, person_known=False, fields={}),
        person_known=contact.person_known or (known is not None and known.person_known),
        fields=fields,
        provider_calls=_calls(known, contact),
    )


def fresh(known: RememberedContact | None, max_age: MaxAge) -> Mapping[Field, FieldResult]:
    """What of the memory answers now."""
    if known is None:
        return {}
    at = clock.present()
    return {name: result for name, result in known.fields.items() if max_age.allows(result, at)}


def recalled(results: Mapping[Field, FieldResult]) -> Mapping[Field, FieldResult]:
    """Earlier results, marked as such."""
    return {
        name: msgspec.structs.replace(result, is_recalled=True) for name, result in results.items()
    }


def _as_found_out(result: FieldResult) -> FieldResult:
    return msgspec.structs.replace(result, is_recalled=False) if result.is_recalled else result


def _calls(known: RememberedContact | None, contact: EnrichedContact) -> dict[str, int]:
    calls = dict(known.provider_calls) if known else {}
    if contact.provider_calls:
        job_id, _, _ = contact.id.partition("/")
        calls[job_id] = max(calls.get(job_id, 0), contact.provider_calls)
    # Job ids sort by time.
    return {job_id: calls[job_id] for job_id in sorted(calls)[-CAPPED_JOBS:]}


def _is_memorable(name: Field, result: FieldResult, contact: EnrichedContact) -> bool:
    if name is Field.SIGNALS:
        return False
    if result.outcome is Outcome.ABSENT:
        return not contact.providers
    return result.outcome is Outcome.FOUND
