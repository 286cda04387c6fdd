"""Who is asked, and what their answers add up to."""

import asyncio

import msgspec
import pytest
import structlog
from msgspec.structs import replace

from enrich_stream import clock
from enrich_stream.asking import MEMORY, Terms
from enrich_stream.enrichment import NOTHING_REMEMBERED, Enrichment, Remembered
from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding, Question, Value
from enrich_stream.records import Asked, Evidence, FieldResult, Later, SoFar
from enrich_stream.replies import MAX_FIELD_BYTES, NOBODY_TO_ASK
from enrich_stream.verification.mail_route import MailRoute
from enrich_stream.verification.verdict import Verdict
from enrich_stream.verification.verification import Verification
from enrich_stream.verification.verifier import Check

GITHUB, VERIFIED = IdentifierKind.GITHUB, Verdict.VERIFIED
MIRA = Identifier(IdentifierKind.LINKEDIN, "mira-okafor")
EMAIL = frozenset({Field.EMAIL})
BOTH = frozenset({Field.EMAIL, Field.PHONE})
EMAIL_NAME = Field.EMAIL.value


class StubProvider:
    """The outside world: answers what it is told to, and remembers what it was asked."""

    is_local, answers_at_once = False, True

    def __init__(self, name, answer=None, *, kinds=frozenset(IdentifierKind), fields=BOTH):
        self.name, self.answers = name, dict.fromkeys(kinds, fields)
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


def recalled(outcome, *values, provider="outside"):
    evidence = tuple(Evidence(value=v, provider=provider, verified=True) for v in values)
    return FieldResult(outcome=outcome, values=evidence, as_of="2026-11-20T00:00:00.000Z")


def remembered(**fields):
    return Remembered(person_known=True, fields={Field[name]: r for name, r in fields.items()})


def found(*values, **evidence):
    return Finding(Outcome.FOUND, tuple(Value(value=value, **evidence) for value in values))


def ask(*providers, fields=EMAIL, seconds=5.0, remembered=NOTHING_REMEMBERED, verification=None):
    async def run():
        deadline = asyncio.get_running_loop().time() + seconds
        question = Question(identifier=MIRA, fields=fields, deadline=deadline)
        return await Enrichment(providers, verification=verification).look_up(question, remembered)

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
    with structlog.testing.capture_logs() as logs:
        enriched = ask(StubProvider("broken", answer), seconds=0.05)

    assert enriched.outcome is Outcome.UNKNOWN
    assert enriched.fields[Field.EMAIL].reason == f"broken: {reason}"
    assert "mira" not in str(logs)


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


def test_what_is_remembered_is_not_asked_for_again():
    """An earlier answer stands for the call, and the trail says so."""
    provider = StubProvider("outside", {Field.PHONE: found("+15550100")})
    known = remembered(EMAIL=recalled(Outcome.FOUND, "mira@x.example"))

    enriched = ask(provider, fields=BOTH, remembered=known)

    assert provider.asked == [frozenset({Field.PHONE})]
    assert [v.value for v in enriched.fields[Field.EMAIL].values] == ["mira@x.example"]
    assert [asked.provider for asked in enriched.trail] == [MEMORY, "outside"]


def test_a_remembered_no_is_an_answer_too():
    """Who said there is none a while ago is not asked again."""
    provider = StubProvider("outside", {Field.EMAIL: found("mira@x.example")})

    enriched = ask(provider, remembered=remembered(EMAIL=recalled(Outcome.ABSENT)))

    assert provider.asked == []
    assert enriched.fields[Field.EMAIL].outcome is Outcome.ABSENT


def test_own_records_are_asked_before_the_memory():
    """The operator's own file may have changed; asking it costs nothing."""
    own = StubProvider("crm", {Field.EMAIL: found("new@x.example")})
    own.is_local = True
    known = remembered(EMAIL=recalled(Outcome.FOUND, "old@x.example"))

    enriched = ask(own, StubProvider("outside", {}), remembered=known)

    assert [v.value for v in enriched.fields[Field.EMAIL].values] == ["new@x.example"]


def test_what_own_records_said_is_not_repeated_from_memory():
    """Somebody who was taken out of the operator's file is not found there any more."""
    own = StubProvider("crm", {})
    own.is_local = True
    outside = StubProvider("outside", {})
    known = remembered(EMAIL=recalled(Outcome.FOUND, "gone@x.example", provider="crm"))

    enriched = ask(own, outside, remembered=known)

    assert outside.asked == [EMAIL]
    assert enriched.fields[Field.EMAIL].outcome is Outcome.ABSENT


def test_an_answer_too_large_to_keep_is_unknown():
    """One boundless answer must not become a record that no topic takes."""
    provider = StubProvider("loud", {Field.EMAIL: found("x" * MAX_FIELD_BYTES)})

    result = ask(provider).fields[Field.EMAIL]

    assert result.outcome is Outcome.UNKNOWN
    assert result.values == ()


class Links(StubProvider):
    """Knows nothing but by which name the person goes elsewhere."""

    async def ask(self, question):
        answer = await super().ask(question)
        return replace(answer, identities=(Identifier(IdentifierKind.GITHUB, "mira-codes"),))


def test_a_name_learned_on_the_way_is_used_and_recorded():
    """The trail says by which name a provider was asked, and whose answer that stood in."""
    code = StubProvider("code", {"contact.email": found("m@x.example")}, kinds={GITHUB})

    enriched = ask(Links("links", {}), code)

    assert enriched.outcome is Outcome.FOUND
    first, second = enriched.trail
    assert (first.identifier, first.learned_from) == ("", "")
    assert (second.identifier, second.learned_from) == ("github_username:mira-codes", "links")


def test_an_address_that_is_checked_and_nobodys_does_not_end_the_asking():
    """What a provider calls found is checked before it is believed."""
    role = StubProvider("guesses", {"contact.email": found("info@x.example", verdict=VERIFIED)})
    knows = StubProvider("knows", {"contact.email": found("mira@x.example", verdict=VERIFIED)})

    enriched = ask(role, knows, verification=Verification(None))

    values = {v.value: v.verified for v in enriched.fields[Field.EMAIL].values}
    assert values == {"mira@x.example": True, "info@x.example": False}


def test_the_operators_own_records_are_taken_at_their_word():
    """Nobody knows those people better than the operator."""
    own = StubProvider("directory", {"contact.email": found("info@x.example")})
    own.is_local = True

    enriched = ask(own, verification=Verification(None))

    assert enriched.fields[Field.EMAIL].values[0].verified


class NoDns:
    """Every domain takes mail."""

    async def route(self, _domain, _deadline):
        return MailRoute.TAKES_MAIL


class Checker:
    """A verifier that has no room at first, and then calls every address invalid."""

    name = "checker"

    def __init__(self):
        self.asked = []

    async def verify(self, email, _deadline):
        self.asked.append(email)
        if len(self.asked) == 1:
            no_room = {"retry_at": clock.present().timestamp(), "is_busy": True}
            return Check(Verdict.UNKNOWN, "rate limited", was_asked=False, **no_room)
        return Check(Verdict.INVALID)


def ask_again(enrichment, fields=EMAIL, **before):
    """A look-up that goes on from what is known."""

    async def run():
        now = asyncio.get_running_loop().time()
        question = Question(identifier=MIRA, fields=fields, deadline=now + 5)
        put_back_until = clock.present().timestamp() + 600
        return await enrichment.look_up(
            question, terms=Terms(put_back_until=put_back_until), **before
        )

    return asyncio.run(run())


def a_guess():
    return Finding(Outcome.ABSENT, (Value(value="guess@x.example", verified=False),))


def test_who_could_not_be_checked_is_checked_later_and_not_asked_again():
    """The provider was paid; when its address turns out to be none, the next one is asked."""
    own = StubProvider("crm", {})
    own.is_local = True
    guesses = StubProvider("guesses", {Field.EMAIL: a_guess()})
    knows = StubProvider("knows", {Field.EMAIL: found("mira@x.example", verdict=VERIFIED)})
    checker = Checker()
    enrichment = Enrichment([own, guesses, knows], verification=Verification(NoDns(), [checker]))

    first = ask_again(enrichment)
    again = ask_again(enrichment, so_far=first.so_far())

    assert (first.outcome, first.retry_at is not None) == (Outcome.UNKNOWN, True)
    assert again.outcome is Outcome.FOUND
    assert checker.asked == ["guess@x.example"] * 2
    assert (guesses.asked, knows.asked) == ([EMAIL], [EMAIL])


def test_nothing_is_checked_again_that_own_records_have_meanwhile():
    """A verifier costs credits, and nobody needs its word any more."""
    own = StubProvider("crm", {Field.EMAIL: found("mira@x.example")})
    own.is_local = True
    guesses, checker = StubProvider("guesses", {Field.EMAIL: a_guess()}), Checker()
    verification = Verification(NoDns(), [checker])
    first = ask_again(Enrichment([guesses], verification=verification))

    again = ask_again(Enrichment([own, guesses], verification=verification), so_far=first.so_far())

    assert again.outcome is Outcome.FOUND
    assert len(checker.asked) == 1


def test_what_a_provider_said_last_counts_wherever_the_trail_has_it():
    """A no that was followed by a rate limit is none: repeats of the limit are one earlier line."""
    busy, no = ({EMAIL_NAME: o.value} for o in (Outcome.UNKNOWN, Outcome.ABSENT))
    later = Later(provider="a", field=Field.EMAIL, retry_at=clock.present().timestamp() + 600)
    so_far = SoFar(
        fields={Field.EMAIL: FieldResult(outcome=Outcome.UNKNOWN, as_of=clock.now())},
        trail=(
            Asked(provider="a", outcomes=busy, reasons={EMAIL_NAME: "rate limited"}, times=2),
            Asked(provider="a", outcomes=no, times=0),
        ),
        later=(msgspec.structs.replace(later, is_busy=True),),
    )

    enriched = ask_again(Enrichment([StubProvider("a", {})]), so_far=so_far)

    assert enriched.outcome is Outcome.UNKNOWN
    assert enriched.fields[Field.EMAIL].reason == "a: rate limited"
    assert enriched.retry_at == later.retry_at
