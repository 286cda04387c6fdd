"""One person, looked up: the providers are asked, and their answers checked and added up.

For each field the providers are asked in order until one gives a verified value. The operator's
own records are asked every time; whoever comes after them only for what the memory cannot answer.
What is left is *absent* only when everyone who could be asked said no; one who could not be asked
makes it *unknown*, for that one might have known.
"""

from collections.abc import Mapping, Sequence

import msgspec

from enrich_stream import clock
from enrich_stream.allowance import calls_in
from enrich_stream.asking import Asking, Terms
from enrich_stream.orders import AS_GIVEN, Orders, Ranking, shipped_orders
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Provider, Question, fields_of
from enrich_stream.records import Asked, FieldResult, Later, LearnedName, SoFar
from enrich_stream.replies import (
    earliest_retry,
    field_result,
    is_known_by_anybody,
    later_of,
)
from enrich_stream.trail import trail_of
from enrich_stream.verification.verification import Verification


class Enriched(msgspec.Struct, frozen=True):
    """All that came of looking up one person.

    Attributes:
        person_known: Whether anybody asked knows this person.
        fields: The result of each field asked for.
        trail: Who was asked, in the order in which they answered.
        names: Other names of the person that came to light.
        is_limited: Whether the job itself kept somebody from being asked: another job may not
            take these answers for its own.
        retry_at: When asking again may help with what is unknown, in seconds since the epoch.
        later: Who may have more to say, and when.
    """

    person_known: bool
    fields: Mapping[Field, FieldResult]
    trail: tuple[Asked, ...]
    names: tuple[LearnedName, ...] = ()
    is_limited: bool = False
    retry_at: float | None = None
    later: tuple[Later, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Found: a value, or a person known to have none. Unknown: somebody could not be asked."""
        outcomes = {result.outcome for result in self.fields.values()}
        if Outcome.FOUND in outcomes:
            return Outcome.FOUND
        if Outcome.UNKNOWN in outcomes:
            return Outcome.UNKNOWN
        return Outcome.FOUND if self.person_known else Outcome.ABSENT

    def so_far(self) -> SoFar:
        """What a later look-up goes on from."""
        return SoFar(
            person_known=self.person_known,
            fields=dict(self.fields),
            trail=self.trail,
            names=self.names,
            later=self.later,
        )


class Remembered(msgspec.Struct, frozen=True):
    """What earlier look-ups of this person answer now.

    Attributes:
        person_known: Whether anybody asked then knew this person.
        fields: Those that need not be asked again.
    """

    person_known: bool = False
    fields: Mapping[Field, FieldResult] = msgspec.field(default_factory=dict)


NOTHING_REMEMBERED = Remembered()
NOTHING_SO_FAR = SoFar()


class Enrichment:
    """Looks people up.

    Args:
        providers: Whom to ask.
        orders: In which order.
        verification: Checks what providers outside say; None takes their word for it.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        orders: Orders | None = None,
        verification: Verification | None = None,
    ) -> None:
        self._sources = _Sources.of(providers, orders or shipped_orders())
        self._verification = verification

    async def look_up(
        self,
        question: Question,
        remembered: Remembered = NOTHING_REMEMBERED,
        terms: Terms | None = None,
        so_far: SoFar = NOTHING_SO_FAR,
    ) -> Enriched:
        """Ask until every field is found, nobody is left to ask, or who is left is busy.

        Args:
            question: What is wanted of whom, and until when.
            remembered: What stands for asking outside.
            terms: What limits the asking; ``terms.chosen`` is the order in which they are asked.
            so_far: What an earlier look-up came to that could not be finished.
        """
        terms = terms or Terms()
        asking = Asking(question, terms, self._verification, so_far)
        sources = self._sources.only(terms.chosen) if terms.chosen else self._sources
        if sources.own:
            await asking.ask_own(sources.rank_of_own)
        known = {
            name: result
            for name, result in remembered.fields.items()
            if name in asking.open_fields
            and saves_asking(name, result, sources.own, sources.outside)
        }
        asking.recall(known, person_known=remembered.person_known)
        await asking.ask_outside(sources.rank_of_outside)
        return _enriched(question, asking)

    def calls_in(self, trail: Sequence[Asked]) -> int:
        """How many lines of a trail count for the job's cap."""
        return calls_in(trail, self._sources.outside)


class _Sources(msgspec.Struct, frozen=True):
    """Providers by place, each place in its order."""

    own: Sequence[Provider]
    outside: Sequence[Provider]
    rank_of_own: Ranking
    rank_of_outside: Ranking

    @classmethod
    def of(cls, providers: Sequence[Provider], orders: Orders) -> "_Sources":
        own, outside = by_place(providers)
        return cls(own, outside, orders.rank(own), orders.rank(outside))

    def only(self, names: Sequence[str]) -> "_Sources":
        by_name = {provider.name: provider for provider in (*self.own, *self.outside)}
        return _Sources.of([by_name[name] for name in names if name in by_name], AS_GIVEN)


def by_place(providers: Sequence[Provider]) -> tuple[list[Provider], list[Provider]]:
    """The operator's own records, and the others."""
    return [p for p in providers if p.is_local], [p for p in providers if not p.is_local]


def saves_asking(
    name: Field, result: FieldResult, own: Sequence[Provider], outside: Sequence[Provider]
) -> bool:
    """Whether an earlier result stands for asking ``outside`` about a field."""
    # What the operator's own records said is not repeated from memory: they may have changed.
    own_names = {provider.name for provider in own}
    is_own = bool(result.values) and all(v.provider in own_names for v in result.values)
    return not is_own and any(name in fields_of(provider) for provider in outside)


def _enriched(question: Question, asking: Asking) -> Enriched:
    """What it all adds up to."""
    as_of = clock.now()
    fields = {
        name: asking.settled.get(name) or field_result(name, asking.replies, as_of)
        for name in sorted(question.fields)
    }
    unknown = [name for name, result in fields.items() if result.outcome is Outcome.UNKNOWN]
    return Enriched(
        person_known=asking.was_known or is_known_by_anybody(asking.replies),
        fields=fields,
        trail=trail_of(reply.asked for reply in asking.replies),
        names=tuple(
            LearnedName(identifier=str(name.identifier), learned_from=name.learned_from)
            for name in asking.names[1:]
        ),
        is_limited=not all(reply.asked.was_asked for reply in asking.replies),
        retry_at=earliest_retry(unknown, asking.replies),
        later=later_of(asking.replies),
    )
