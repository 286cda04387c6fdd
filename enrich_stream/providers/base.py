"""What every provider takes and answers.

A provider is asked one question about one person and always answers: *found*, *absent* (it
would know, and says no) or *unknown* (it could not be asked, or could not say). It never raises
for what the outside world does; an exception out of ``ask`` is a bug, and is recorded as unknown.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.verification.verdict import Verdict

__all__ = ["Answer", "Finding", "Outcome", "Provider", "Question", "Value"]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One value with its evidence.

    Attributes:
        value: An e-mail or an E.164 phone as a string; a JSON object for profile and signals.
        verified: Whether it may be shown in the plain answer.
        verification: How it was verified, for example ``operator`` or ``mailbox``.
        observed_at: When the provider saw it, UTC; None when the provider does not say.
        confidence: 0 to 1; None when the provider does not say.
        verdict: What the provider says of an e-mail, in our words; None when it says nothing. A
            verified value without one is vouched for by its source and not checked again.
        details: What else is known of it, for example the region of a phone.
    """

    value: Any
    verified: bool = True
    verification: str | None = None
    observed_at: datetime | None = None
    confidence: float | None = None
    verdict: Verdict | None = None
    details: Mapping[str, str] = msgspec.field(default_factory=dict)


class Finding(msgspec.Struct, frozen=True):
    """What a provider says about one field.

    Attributes:
        outcome: Found, absent or unknown.
        values: Best first. Absent may carry values that are not verified.
        reason: A short fixed phrase why, for example ``no such person`` or ``timed out``.
        retry_at: From when on asking again may give more, in seconds since the epoch; None when
            it will not, or nobody can say when.
        is_busy: Whether the provider would answer, only not before ``retry_at``: it has no room,
            or is still looking. Others are not asked in its place for that.
        was_asked: False when nothing was sent, so that it counts for no cap.
    """

    outcome: Outcome
    values: tuple[Value, ...] = ()
    reason: str = ""
    retry_at: float | None = None
    is_busy: bool = False
    was_asked: bool = True


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is asked.

    Attributes:
        identifier: The person, in canonical form.
        fields: What is wanted.
        deadline: Seconds on the running event loop's clock (``loop.time()``); no answer is of
            use after it.
        signals_config: The caller's ``signals_config``, as given; empty when there was none.
        also_known_as: Other names of the person, as far as they have come to light.
        somebody_waits: Whether it should go before those of batches.
    """

    identifier: Identifier
    fields: frozenset[Field]
    deadline: float
    signals_config: Mapping[str, Any] = msgspec.field(default_factory=dict)
    also_known_as: tuple[Identifier, ...] = ()
    somebody_waits: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider answers.

    Attributes:
        findings: One for each field that was asked for, except those that the provider never
            answers by such an identifier.
        person_known: Whether the provider knows this person at all, even with nothing to say
            about the fields asked for.
        cost: What the provider charged, in its own credits.
        identities: Other names of the same person that came to light.
    """

    findings: Mapping[Field, Finding]
    person_known: bool = False
    cost: float = 0.0
    identities: tuple[Identifier, ...] = ()

    @classmethod
    def same_for_all(
        cls, fields: frozenset[Field], outcome: Outcome, reason: str, *, cost: float = 0.0
    ) -> "Answer":
        """One outcome for every field: nobody by that name, or nobody could be asked."""
        return cls(findings={name: Finding(outcome, reason=reason) for name in fields}, cost=cost)


def everything() -> Mapping[IdentifierKind, frozenset[Field]]:
    """What somebody answers who can be asked anything by any identifier."""
    return dict.fromkeys(IdentifierKind, frozenset(Field))


def fields_of(provider: "Provider") -> frozenset[Field]:
    """All that a provider can answer, by whatever identifier."""
    return frozenset().union(*provider.answers.values())


class Provider(Protocol):
    """A source of contact data.

    Attributes:
        name: As it stands in evidence, settings and metrics.
        answers: The fields it can answer, by the identifier it is asked by.
        is_local: True for records of the operator's own, which cost nothing to ask again:
            they are asked before the memory of earlier answers.
        answers_at_once: Whether one call answers all fields for the same price, so that it is
            asked for everything that is open.
    """

    name: str
    is_local: bool
    answers_at_once: bool

    @property
    def answers(self) -> Mapping[IdentifierKind, frozenset[Field]]:
        """See above; nobody sets it from outside."""
        ...

    async def start(self) -> None:
        """Open what is needed; raises ``SetupError`` when that cannot be done."""
        ...

    async def ask(self, question: Question) -> Answer:
        """Answer one question within its deadline."""
        ...

    async def stop(self) -> None:
        """Let go of everything that ``start`` opened."""
        ...
