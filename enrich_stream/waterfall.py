"""Who is asked next about one person. Pure: neither asks nor waits.

Each field has its own order, so that one field does not wait for another. A provider whose one call
answers everything is asked for all that is open at once, and whoever else might answer the same
waits for it. Who is busy and has room in time is waited for, instead of paying the next one. Once
the list of one name of the person is through, the list of the next name is gone on with; names come
to light in answers. Nobody is asked twice for the same field.
"""

from collections.abc import Collection, Iterator

import msgspec

from enrich_stream.orders import Ranking
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Answer, Finding, Provider


class Name(msgspec.Struct, frozen=True):
    """One name of the person.

    Attributes:
        identifier: The name.
        learned_from: The provider whose answer it stood in; empty for the caller's own.
    """

    identifier: Identifier
    learned_from: str = ""


class Call(msgspec.Struct, frozen=True):
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
        put_back_until: How long who is busy can be waited for, in seconds since the epoch; who is
            for longer is passed over.
    """

    def __init__(
        self,
        names: list[Name],
        wanted: Collection[Field],
        ranking: Ranking,
        done: Collection[tuple[str, Field]] = (),
        put_back_until: float = 0.0,
    ) -> None:
        self._names = names
        self._open = set(wanted)
        self._ranking = ranking
        self._asked = set(done)
        self._put_back_until = put_back_until
        self._running: list[Call] = []
        self._busy: dict[tuple[str, Field], float] = {}

    @property
    def open_fields(self) -> frozenset[Field]:
        """What nobody has found yet."""
        return frozenset(self._open)

    def next_calls(self) -> list[Call]:
        """The calls to make now, beside those that are being made."""
        running = {field for call in self._running for field in call.fields}
        idle = self._open - running - self._waiting()
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
            self.take(call.provider.name, field, finding)
        known = {name.identifier.kind for name in self._names}
        for identity in answer.identities:
            if identity.kind not in known:
                known.add(identity.kind)
                self._names.append(Name(identity, call.provider.name))

    def take(self, provider: str, field: Field, finding: Finding) -> None:
        """Take in what a provider said of one field."""
        self._asked.add((provider, field))
        self._busy.pop((provider, field), None)
        if finding.outcome is Outcome.FOUND:
            self._open.discard(field)
        elif finding.is_busy and finding.retry_at is not None:
            self._busy[provider, field] = finding.retry_at

    def next_room(self) -> float | None:
        """When the first of those who were passed over has room again, in seconds since the epoch.

        None when nobody is to be asked again, or when somebody is waited for anyway.
        """
        if self._waiting() & self._open:
            return None
        moments = [at for (_, field), at in self._busy.items() if field in self._open]
        return min(moments, default=None)

    def ask_again(self) -> None:
        """Let those who were passed over be asked again."""
        self._asked -= self._busy.keys()
        self._busy.clear()

    def _waiting(self) -> set[Field]:
        return {field for (_, field), at in self._busy.items() if at < self._put_back_until}

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
