"""One person, looked up: the providers are asked, and their answers checked and added up.

For each field the providers are asked in order until one gives a verified value. The operator's
own records are asked every time; whoever comes after them only for what the memory cannot answer.
What is left is *absent* only when everyone who could be asked said no; one who could not be asked
makes it *unknown*, for that one might have known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import structlog

from enrich_stream import clock
from enrich_stream.allowance import Allowance, calls_in
from enrich_stream.orders import AS_GIVEN, Orders, Ranking, shipped_orders
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Answer, Provider, Question, fields_of
from enrich_stream.records import Asked, FieldResult, LearnedName, SoFar
from enrich_stream.replies import (
    Reply,
    earlier_replies,
    earliest_retry,
    field_result,
    is_known_by_anybody,
    reply_to,
    settled_before,
    trail_of,
)
from enrich_stream.verification.verification import Verification
from enrich_stream.waterfall import Call, Name, Waterfall

log = structlog.get_logger(__name__)

MEMORY = "memory"
"""In the trail: an earlier answer stood for asking again."""
TIMED_OUT = "timed out"
FAILED = "provider failed"


@dataclass(frozen=True, slots=True)
class Enriched:
    """All that came of looking up one person.

    Attributes:
        person_known: Whether anybody asked knows this person.
        fields: The result of each field asked for.
        trail: Who was asked, in the order in which they answered.
        names: Other names of the person that came to light.
        is_limited: Whether the job itself kept somebody from being asked: another job may not
            take these answers for its own.
        retry_at: When asking again may help with what is unknown, in seconds since the epoch.
    """

    person_known: bool
    fields: Mapping[Field, FieldResult]
    trail: tuple[Asked, ...]
    names: tuple[LearnedName, ...] = ()
    is_limited: bool = False
    retry_at: float | None = None

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
        )


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier look-ups of this person answer now.

    Attributes:
        person_known: Whether anybody asked then knew this person.
        fields: Those that need not be asked again.
    """

    person_known: bool = False
    fields: Mapping[Field, FieldResult] = dataclass_field(default_factory=dict)


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
        allowance: Allowance | None = None,
        *,
        chosen: Sequence[str] = (),
        so_far: SoFar = NOTHING_SO_FAR,
    ) -> Enriched:
        """Ask until every field is found or nobody is left to ask.

        Args:
            question: What is wanted of whom, and until when.
            remembered: What stands for asking outside.
            allowance: What the job lets be asked; what it refuses is unknown.
            chosen: Names of the only providers to ask, in this order; empty for all.
            so_far: What an earlier look-up came to that could not be finished.
        """
        asking = _Asking(question, allowance or Allowance(), self._verification, so_far)
        sources = self._sources.only(chosen) if chosen else self._sources
        await asking.ask_all(sources.rank_of_own)
        known = {
            name: result
            for name, result in remembered.fields.items()
            if name in asking.open_fields
            and saves_asking(name, result, sources.own, sources.outside)
        }
        asking.recall(known, person_known=remembered.person_known)
        await asking.ask_all(sources.rank_of_outside)
        return asking.result()

    def calls_in(self, trail: Sequence[Asked]) -> int:
        """How many lines of a trail count for the job's cap."""
        return calls_in(trail, self._sources.outside)


@dataclass(frozen=True, slots=True)
class _Sources:
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


class _Asking:
    """The calls for one person, made as the waterfall says."""

    def __init__(
        self,
        question: Question,
        allowance: Allowance,
        verification: Verification | None,
        so_far: SoFar,
    ) -> None:
        self._question = question
        self._allowance = allowance
        self._verification = verification
        self._was_known = so_far.person_known
        self._replies = earlier_replies(so_far)
        self._done = {(r.asked.provider, field) for r in self._replies for field in r.said}
        self._names = [
            Name(question.identifier),
            *(Name(Identifier.parse(n.identifier), n.learned_from) for n in so_far.names),
        ]
        self._settled = dict(settled_before(so_far))
        self.open_fields = question.fields - self._settled.keys()

    def recall(self, known: Mapping[Field, FieldResult], *, person_known: bool) -> None:
        """Let earlier answers stand for asking anybody else."""
        if known:
            self._settled |= known
            self.open_fields -= known.keys()
            self._was_known |= person_known
            outcomes = {name.value: result.outcome.value for name, result in known.items()}
            self._replies.append(Reply(asked=Asked(provider=MEMORY, outcomes=outcomes), said={}))

    async def ask_all(self, ranking: Ranking) -> None:
        """Make calls until everything is found or nobody is left."""
        waterfall = Waterfall(self._names, self.open_fields, ranking, self._done)
        running: dict[asyncio.Task[tuple[Call, Answer]], Call] = {}
        try:
            while True:
                for call in waterfall.next_calls():
                    running[asyncio.create_task(self._ask(call))] = call
                if not running:
                    break
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del running[task]
                    waterfall.fold(*task.result())
        finally:
            for task in running:
                task.cancel()
        self.open_fields = waterfall.open_fields

    def result(self) -> Enriched:
        """What it all adds up to."""
        as_of = clock.now()
        fields = {
            name: self._settled.get(name) or field_result(name, self._replies, as_of)
            for name in sorted(self._question.fields)
        }
        unknown = [name for name, result in fields.items() if result.outcome is Outcome.UNKNOWN]
        return Enriched(
            person_known=self._was_known or is_known_by_anybody(self._replies),
            fields=fields,
            trail=trail_of(self._replies),
            names=tuple(
                LearnedName(identifier=str(name.identifier), learned_from=name.learned_from)
                for name in self._names[1:]
            ),
            is_limited=not all(reply.asked.was_asked for reply in self._replies),
            retry_at=earliest_retry(unknown, self._replies),
        )

    async def _ask(self, call: Call) -> tuple[Call, Answer]:
        refusal = self._allowance.refusal(call.provider)
        if refusal:
            answer = Answer.same_for_all(call.fields, Outcome.UNKNOWN, refusal)
            self._replies.append(reply_to(call, answer, is_refused=True))
            return call, answer
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await self._checked(call, await self._answer(call))
        self._replies.append(reply_to(call, answer, round(1000 * (loop.time() - started))))
        return call, answer

    async def _answer(self, call: Call) -> Answer:
        question = replace(self._question, identifier=call.name.identifier, fields=call.fields)
        try:
            async with asyncio.timeout_at(question.deadline):
                return await call.provider.ask(question)
        except TimeoutError:
            return Answer.same_for_all(call.fields, Outcome.UNKNOWN, TIMED_OUT)
        except Exception as error:  # noqa: BLE001 - a provider's failure is a value, whatever it was
            # The text of the error may hold the person's data; its type does not.
            log.error(  # noqa: TRY400 - a traceback may hold it too
                "provider.failed", provider=call.provider.name, error=type(error).__name__
            )
            return Answer.same_for_all(call.fields, Outcome.UNKNOWN, FAILED)

    async def _checked(self, call: Call, answer: Answer) -> Answer:
        if self._verification is None or call.provider.is_local:
            return answer
        deadline = self._question.deadline
        findings = {
            name: await self._verification.check(name, finding, deadline)
            for name, finding in answer.findings.items()
        }
        return replace(answer, findings=findings)
