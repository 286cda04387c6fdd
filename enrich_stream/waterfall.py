"""Who is asked next about one person. Pure: neither asks nor waits.

Each field has its own order, so that one field does not wait for another. A provider whose one call
answers everything is asked for all that is open at once, and whoever else might answer the same
waits for it. Once the list of one name of the person is through, the list of the next name is gone
on with; names come to light in answers. Nobody is asked twice for the same field.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from enrich_stream.orders import Ranking
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Answer, Provider


@dataclass(frozen=True, slots=True)
class Name:
    """One name of the person.

    Attributes:
        identifier: The name.
        learned_from: The provider whose answer it stood in; empty for the caller's own.
    """

    identifier: Identifier
    learned_from: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One question to be put to one provider."""

    provider: Provider
    name: Name
    fields: frozenset[Field]


class Waterfall:
    """One person's look-up, as far as it has come.

    Args:
        names: By which the person is known so far, the caller's own first. Is added to.
        wanted: The fields to look for.
        ranking: Who may be asked, in which order.
        done: Pairs of provider and field that have been answered before.
    """

    def __init__(
        self,
        names: list[Name],
        wanted: Collection[Field],
        ranking: Ranking,
        done: Collection[tuple[str, Field]] = (),
    ) -> None:
        self._names = names
        self._open = set(wanted)
        self._ranking = ranking
        self._asked = set(done)
        self._running: list[Call] = []

    @property
    def open_fields(self) -> frozenset[Field]:
        """What nobody has found yet."""
        return frozenset(self._open)

    def next_calls(self) -> list[Call]:
        """The calls to make now, beside those that are being made."""
        idle = self._open - {field for call in self._running for field in call.fields}
        steps = {field: step for field in sorted(idle) if (step := self._step(field))}
        calls: list[Call] = []
        # Those first whose one call answers everything: it may spare the others.
        for field in sorted(steps, key=lambda f: not steps[f][0].answers_at_once):
            if not any(field in call.fields for call in calls):
                calls.append(self._call(*steps[field], steps))
        self._running += calls
        self._asked |= {(call.provider.name, field) for call in calls for field in call.fields}
        return calls

    def fold(self, call: Call, answer: Answer) -> None:
        """Take in what came of a call."""
        self._running.remove(call)
        for field, finding in answer.findings.items():
            if finding.outcome is Outcome.FOUND:
                self._open.discard(field)
        known = {name.identifier.kind for name in self._names}
        for identity in answer.identities:
            if identity.kind not in known:
                known.add(identity.kind)
                self._names.append(Name(identity, call.provider.name))

    def _call(
        self, provider: Provider, name: Name, steps: dict[Field, tuple[Provider, Name]]
    ) -> Call:
        if provider.answers_at_once:
            fields = [field for field in self._open if self._can_ask(provider, name, field)]
        else:
            fields = [field for field, step in steps.items() if step == (provider, name)]
        return Call(provider, name, frozenset(fields))

    def _step(self, field: Field) -> tuple[Provider, Name] | None:
        return next(self._steps(field), None)

    def _steps(self, field: Field) -> Iterator[tuple[Provider, Name]]:
        for name in self._names:
            for provider in self._ranking[name.identifier.kind, field]:
                if (provider.name, field) not in self._asked:
                    yield provider, name

    def _can_ask(self, provider: Provider, name: Name, field: Field) -> bool:
        ranked = self._ranking[name.identifier.kind, field]
        return provider in ranked and (provider.name, field) not in self._asked
