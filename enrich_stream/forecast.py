"""What looking up a person would take, told without asking anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from enrich_stream.enrichment import by_place, saves_asking
from enrich_stream.memory import MaxAge, fresh
from enrich_stream.options import chosen, still_answering
from enrich_stream.person import Field, Identifier
from enrich_stream.providers.base import Provider, fields_of
from enrich_stream.records import FieldResult, Job, RememberedContact


@dataclass(frozen=True, slots=True)
class Forecast:
    """What can be told of one person.

    Attributes:
        remembered: What earlier look-ups would answer, unless the operator's own records do.
        most_calls: How often providers would be asked when nobody finds anything.
    """

    remembered: Mapping[Field, FieldResult]
    most_calls: int


def forecast(
    identifier: Identifier,
    job: Job,
    providers: Sequence[Provider],
    known: RememberedContact | None,
    max_age: MaxAge,
) -> Forecast:
    """What looking up ``identifier`` for ``job`` would take, with what is ``known``."""
    own, outside = by_place(chosen(providers, job.options.providers))
    earlier = still_answering(fresh(known, max_age), job)
    remembered = {
        name: result
        for name, result in earlier.items()
        if name in job.fields and saves_asking(name, result, own, outside)
    }
    left = set(job.fields) - remembered.keys()
    # Who cannot be asked by this name may be by one that comes to light, if anybody can be at all.
    can_begin = any(identifier.kind in provider.answers for provider in (*own, *outside))
    calls = sum(_most_calls(provider, left) for provider in outside) if can_begin else 0
    return Forecast(remembered=remembered, most_calls=calls)


def _most_calls(provider: Provider, fields: set[Field]) -> int:
    answered = len(fields & fields_of(provider))
    return min(answered, 1) if provider.answers_at_once else answered
