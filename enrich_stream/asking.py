"""The calls for one person: to providers as the waterfall says, to verifiers of what they found."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import structlog
from msgspec.structs import replace

from enrich_stream import clock, metrics
from enrich_stream.allowance import Allowance
from enrich_stream.orders import Ranking
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Answer, Finding, Question, Value
from enrich_stream.providers.client.gate import ROOM_SECONDS
from enrich_stream.records import Asked, FieldResult, SoFar
from enrich_stream.replies import (
    Reply,
    earlier_replies,
    reply_checked_again,
    reply_of_verifier,
    reply_to,
    settled_before,
    values_of,
    was_sent,
)
from enrich_stream.verification.verdict import Verdict
from enrich_stream.verification.verification import Verification, ask_verifier, to_be_checked
from enrich_stream.verification.verifier import Check, Verifier
from enrich_stream.waterfall import Call, Name, Waterfall

log = structlog.get_logger(__name__)

MEMORY = "memory"
"""In the trail: an earlier answer stood for asking again."""
TIMED_OUT = "timed out"
FAILED = "provider failed"

GRACE_SECONDS = 0.5
"""A provider ends by itself at the deadline, and then says more than that it is over."""
LEAST_WAIT_SECONDS = 1.0


class Terms(msgspec.Struct, frozen=True):
    """What limits the asking.

    Attributes:
        allowance: What the job lets be asked; what it refuses is unknown.
        chosen: Names of the only providers to ask; empty for all.
        put_back_until: How long the person may be put back to wait for who is busy, in seconds
            since the epoch.
        in_place_until: How long it may wait where it is for who was passed over, in seconds on the
            running event loop's clock.
        waiting_places: Where it may wait, shared with others; without a free one it does not.
    """

    allowance: Allowance = msgspec.field(default_factory=Allowance)
    chosen: Sequence[str] = ()
    put_back_until: float = 0.0
    in_place_until: float = 0.0
    waiting_places: asyncio.Semaphore = msgspec.field(default_factory=lambda: asyncio.Semaphore(1))


class Asking:
    """One person's look-up under way.

    Attributes:
        open_fields: What nobody has found yet.
        settled: What need not be asked about, by an earlier time or from memory.
        replies: What was said, in the order of the answers.
        names: By which the person is known, the caller's own first.
        was_known: Whether somebody knew the person before.
    """

    def __init__(
        self, question: Question, terms: Terms, verification: Verification | None, so_far: SoFar
    ) -> None:
        self._question = question
        self._terms = terms
        self._verification = verification
        self.was_known = so_far.person_known
        # Whoever has room in a moment is asked now: its client waits that long.
        soon = clock.present().timestamp() + ROOM_SECONDS
        self.replies = earlier_replies(so_far, soon)
        self._later = [one for one in so_far.later if one.retry_at > soon]
        self._done = {(r.asked.provider, name) for r in self.replies for name in r.said}
        self.names = [
            Name(question.identifier),
            *(Name(Identifier.parse(n.identifier), n.learned_from) for n in so_far.names),
        ]
        self.settled = dict(settled_before(so_far))
        self.open_fields = question.fields - self.settled.keys()
        self._unchecked = self._unchecked_in(so_far)

    def recall(self, known: Mapping[Field, FieldResult], *, person_known: bool) -> None:
        """Let earlier answers stand for asking anybody else."""
        if known:
            self.settled |= known
            self.open_fields -= known.keys()
            self.was_known |= person_known
            outcomes = {name.value: result.outcome.value for name, result in known.items()}
            self.replies.append(Reply(asked=Asked(provider=MEMORY, outcomes=outcomes), said={}))

    async def ask_own(self, ranking: Ranking) -> None:
        """Ask the operator's own records, which keep nobody waiting."""
        waterfall = Waterfall(self.names, self.open_fields, ranking, self._done)
        await self._call_all(waterfall)
        self.open_fields = waterfall.open_fields

    async def ask_outside(self, ranking: Ranking) -> None:
        """Make calls until everything is found, nobody is left, or who is left is busy."""
        until = self._terms.put_back_until
        waterfall = Waterfall(self.names, self.open_fields, ranking, self._done, until)
        for one in self._later:
            finding = Finding(Outcome.UNKNOWN, retry_at=one.retry_at, is_busy=one.is_busy)
            waterfall.take(one.provider, one.field, finding)
        await self._check_again(waterfall)
        await self._call_all(waterfall)
        while await self._has_waited(waterfall):
            await self._check_again(waterfall)
            await self._call_all(waterfall)
        self.open_fields = waterfall.open_fields

    async def _call_all(self, waterfall: Waterfall) -> None:
        running: set[asyncio.Task[tuple[Call, Answer]]] = set()
        try:
            while True:
                calls = list(waterfall.next_calls())
                if len(calls) == 1 and not running:  # nearly always, and it spares a task
                    waterfall.fold(*await self._ask(calls[0]))
                    continue
                running |= {asyncio.create_task(self._ask(call)) for call in calls}
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when="FIRST_COMPLETED")
                for task in done:
                    waterfall.fold(*task.result())
        finally:
            for task in running:
                task.cancel()

    async def _has_waited(self, waterfall: Waterfall) -> bool:
        """Wait for who was passed over; False when there is nobody, or no time or place for it."""
        at = waterfall.next_room()
        if at is None:
            return False
        seconds = max(at - clock.present().timestamp(), LEAST_WAIT_SECONDS)
        if asyncio.get_running_loop().time() + seconds >= self._terms.in_place_until:
            return False
        if self._terms.waiting_places.locked():
            return False
        async with self._terms.waiting_places:
            await asyncio.sleep(seconds)
        waterfall.ask_again()
        return True

    async def _ask(self, call: Call) -> tuple[Call, Answer]:
        is_free = call.provider.is_local
        refusal = self._terms.allowance.refusal(is_free=is_free)
        if refusal:
            answer = Answer.same_for_all(call.fields, Outcome.UNKNOWN, refusal)
            self.replies.append(reply_to(call, answer, is_refused=True))
            return call, answer
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await self._answer(call)
        metrics.provider_asked(call.provider.name, _outcomes(answer), loop.time() - started)
        if not was_sent(answer):
            self._terms.allowance.give_back(is_free=is_free)
        checks: list[Reply] = []
        if not is_free:
            answer = await self._checked(call, answer, checks)
        milliseconds = round(1000 * (loop.time() - started))
        self.replies += [reply_to(call, answer, milliseconds), *checks]
        return call, answer

    async def _answer(self, call: Call) -> Answer:
        question = replace(
            self._question,
            identifier=call.name.identifier,
            fields=call.fields,
            also_known_as=tuple(n.identifier for n in self.names if n != call.name),
        )
        try:
            async with asyncio.timeout_at(question.deadline + GRACE_SECONDS):
                return await call.provider.ask(question)
        except TimeoutError:
            return Answer.same_for_all(call.fields, Outcome.UNKNOWN, TIMED_OUT)
        except Exception as error:  # noqa: BLE001 - a provider's failure is a value, whatever it was
            # The text of the error may hold the person's data; its type does not.
            log.error(  # noqa: TRY400 - a traceback may hold it too
                "provider.failed", provider=call.provider.name, error=type(error).__name__
            )
            return Answer.same_for_all(call.fields, Outcome.UNKNOWN, FAILED)

    async def _checked(self, call: Call, answer: Answer, checks: list[Reply]) -> Answer:
        findings = {
            name: await self._check(call.provider.name, name, finding, checks)
            for name, finding in answer.findings.items()
        }
        return replace(answer, findings=findings)

    async def _check(
        self, provider: str, name: Field, finding: Finding, checks: list[Reply]
    ) -> Finding:
        if self._verification is None:
            return finding
        ask = partial(self._ask_verifier, provider, checks)
        checked = await self._verification.check(name, finding, self._question.deadline, ask)
        if checked.outcome is Outcome.UNKNOWN and name is Field.EMAIL:
            self._unchecked[provider] = to_be_checked(checked.values)
        return checked

    async def _check_again(self, waterfall: Waterfall) -> None:
        """Check what could not be checked before, instead of paying its provider again."""
        unchecked = {name: values for name, values in self._unchecked.items() if values}
        self._unchecked = {}
        if Field.EMAIL not in waterfall.open_fields:
            return
        for provider, values in unchecked.items():
            checks: list[Reply] = []
            finding = Finding(Outcome.FOUND, values)
            finding = await self._check(provider, Field.EMAIL, finding, checks)
            waterfall.take(provider, Field.EMAIL, finding)
            self.replies += [reply_checked_again(provider, finding), *checks]

    async def _ask_verifier(
        self, provider: str, checks: list[Reply], verifier: Verifier, email: str, deadline: float
    ) -> Check | None:
        chosen = self._terms.chosen
        if chosen and verifier.name not in chosen:
            return None
        refusal = self._terms.allowance.refusal()
        if refusal:
            check = Check(Verdict.UNKNOWN, refusal, was_asked=False)
            checks.append(reply_of_verifier(verifier.name, check, provider, is_refused=True))
            return check
        loop = asyncio.get_running_loop()
        started = loop.time()
        check = await ask_verifier(verifier, email, deadline)
        if not check.was_asked:
            self._terms.allowance.give_back()
        milliseconds = round(1000 * (loop.time() - started))
        checks.append(reply_of_verifier(verifier.name, check, provider, milliseconds))
        return check

    def _unchecked_in(self, so_far: SoFar) -> dict[str, tuple[Value, ...]]:
        """By provider the addresses that could not be checked before, and may be now."""
        result = so_far.fields.get(Field.EMAIL)
        if result is None or Field.EMAIL not in self.open_fields:
            return {}
        not_yet = {one.provider for one in self._later if one.field is Field.EMAIL}
        providers = {evidence.provider for evidence in result.values} - not_yet
        return {name: to_be_checked(values_of(result, name)) for name in sorted(providers)}


def _outcomes(answer: Answer) -> set[Outcome]:
    return {finding.outcome for finding in answer.findings.values()}
