"""Who is asked, and what their answers add up to."""

import asyncio

import pytest

from enrich_stream.enrichment import NOBODY_TO_ASK, look_up
from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding, Question, Value

MIRA = Identifier(IdentifierKind.LINKEDIN, "mira-okafor")
EMAIL = frozenset({Field.EMAIL})
BOTH = frozenset({Field.EMAIL, Field.PHONE})


class StubProvider:
    """The outside world: answers what it is told to, and remembers what it was asked."""

    is_local = False

    def __init__(self, name, answer=None, *, kinds=frozenset(IdentifierKind), fields=BOTH):
        self.name, self.kinds, self.fields = name, kinds, fields
        self._answer = answer
        self.asked = []

    async def start(self):
        """Nothing to open."""

    async def stop(self):
        """Nothing to close."""

    async def ask(self, question):
        self.asked.append(question.fields)
        if isinstance(self._answer, Exception):
            raise self._answer
        if self._answer == "never":
            await asyncio.Event().wait()
        return Answer(
            findings={
                name: self._answer.get(name, Finding(Outcome.ABSENT)) for name in question.fields
            },
            person_known=any(f.outcome is Outcome.FOUND for f in self._answer.values()),
        )


def found(*values, **evidence):
    return Finding(Outcome.FOUND, tuple(Value(value=value, **evidence) for value in values))


def ask(*providers, fields=EMAIL, seconds=5.0):
    async def run():
        deadline = asyncio.get_running_loop().time() + seconds
        return await look_up(Question(identifier=MIRA, fields=fields, deadline=deadline), providers)

    return asyncio.run(run())


def test_nobody_is_asked_for_what_is_found():
    """The second provider is asked only for the field that the first did not find."""
    first = StubProvider("first", {Field.EMAIL: found("mira@x.example")})
    second = StubProvider("second", {Field.PHONE: found("+14155550132")})

    enriched = ask(first, second, fields=BOTH)

    assert second.asked == [frozenset({Field.PHONE})]
    assert enriched.outcome is Outcome.FOUND
    assert [step.provider for step in enriched.trail] == ["first", "second"]


def test_absent_needs_everyone_who_could_be_asked_to_say_no():
    """All say no: absent. One of them cannot be asked: unknown, for that one might have known."""
    says_no = StubProvider("no", {})
    is_down = StubProvider("down", {Field.EMAIL: Finding(Outcome.UNKNOWN, reason="HTTP 503")})

    assert ask(says_no).outcome is Outcome.ABSENT
    assert ask(says_no, is_down).outcome is Outcome.UNKNOWN
    assert ask(says_no, is_down).fields[Field.EMAIL].reason == "down: HTTP 503"


def test_a_value_is_found_even_when_another_provider_is_down():
    """What one provider cannot say does not matter once another has said it."""
    is_down = StubProvider("down", RuntimeError("secret"))
    knows = StubProvider("knows", {Field.EMAIL: found("mira@x.example")})

    assert ask(is_down, knows).outcome is Outcome.FOUND


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(RuntimeError("mira@x.example"), "provider failed"), ("never", "timed out")],
)
def test_a_provider_failure_is_a_value(answer, reason):
    """A provider that raises or never answers makes its fields unknown, and says no more."""
    enriched = ask(StubProvider("broken", answer), seconds=0.05)

    assert enriched.outcome is Outcome.UNKNOWN
    assert enriched.fields[Field.EMAIL].reason == f"broken: {reason}"


def test_a_provider_is_asked_only_by_the_identifiers_and_for_the_fields_it_knows():
    """With nobody to ask the field is unknown, and the trail is empty."""
    wrong_kind = StubProvider("kind", {}, kinds=frozenset({IdentifierKind.EMAIL}))
    wrong_field = StubProvider("field", {}, fields=frozenset({Field.SIGNALS}))

    enriched = ask(wrong_kind, wrong_field)

    assert enriched.fields[Field.EMAIL].outcome is Outcome.UNKNOWN
    assert enriched.fields[Field.EMAIL].reason == NOBODY_TO_ASK
    assert enriched.trail == ()


def test_a_known_person_without_the_field_is_found_with_nothing():
    """That somebody has no phone is an answer about somebody, not "no such person"."""

    class KnowsOf(StubProvider):
        async def ask(self, question):
            absent = Answer.same_for_all(question.fields, Outcome.ABSENT, "nothing on record")
            return Answer(findings=absent.findings, person_known=True)

    enriched = ask(KnowsOf("crm", {}), fields=frozenset({Field.PHONE}))

    assert enriched.outcome is Outcome.FOUND
    assert enriched.fields[Field.PHONE].outcome is Outcome.ABSENT


def test_verified_values_come_first():
    """Evidence of an unverified value stays, behind the verified ones."""
    guesses = StubProvider(
        "guesses",
        {Field.EMAIL: Finding(Outcome.ABSENT, (Value(value="maybe@x.example", verified=False),))},
    )
    knows = StubProvider("knows", {Field.EMAIL: found("mira@x.example")})

    values = ask(guesses, knows).fields[Field.EMAIL].values

    assert [value.value for value in values] == ["mira@x.example", "maybe@x.example"]
