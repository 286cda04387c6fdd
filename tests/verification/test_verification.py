"""From a provider's finding to what may be shown: e-mails and phones checked."""

import asyncio
import contextlib

import dns.rcode
import pytest

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Finding, Value
from enrich_stream.settings import Settings
from enrich_stream.verification.addresses import ROLE
from enrich_stream.verification.mail_hosts import MailHosts
from enrich_stream.verification.mail_route import MailRoute
from enrich_stream.verification.verdict import Verdict
from enrich_stream.verification.verification import (
    MAX_ASKED,
    NOT_CHECKED,
    ONLY_UNVERIFIED,
    UNREADABLE,
    Verification,
    open_verification,
    to_be_checked,
)
from enrich_stream.verification.verifier import Check

SECONDS = 20
MIRA = "mira@acme.example"


class StubVerifier:
    """An outside verifier that says what it is told to, and remembers what it was asked."""

    def __init__(self, name="checker", **verdicts):
        self.name = name
        self._verdicts = verdicts
        self.asked = []

    async def verify(self, email, _deadline):
        self.asked.append(email)
        await asyncio.sleep(0)  # as with everything outside, others go on meanwhile
        said = self._verdicts.get(email.partition("@")[0], Verdict.UNKNOWN)
        if isinstance(said, Exception):
            raise said
        if said == "never":
            await asyncio.Event().wait()
        return said if isinstance(said, Check) else Check(said)


@pytest.fixture
async def start(dns):
    """Makes a verification on the DNS of the test; acme.example takes mail."""
    dns.add("acme.example", "MX", "10 mx.acme.example.")
    async with contextlib.AsyncExitStack() as stack:

        def started(*verifiers):
            hosts = MailHosts(dns.address, timeout_seconds=SECONDS)
            stack.push_async_callback(hosts.stop)
            return Verification(hosts, verifiers)

        yield started


def email(value=MIRA, verdict=None, *, verified=False, **evidence):
    verified = verified or verdict is Verdict.VERIFIED
    return Value(value=value, verdict=verdict, verified=verified, **evidence)


def found(*values):
    return Finding(Outcome.FOUND, values)


async def check(verification, finding, field=Field.EMAIL, seconds=SECONDS):
    deadline = asyncio.get_running_loop().time() + seconds
    return await verification.check(field, finding, deadline)


async def test_what_a_provider_verified_is_found(start):
    """Its domain takes mail; no verifier is paid to say it again."""
    checker = StubVerifier()
    checked = await check(
        start(checker), found(email("Mira@ACME.example", Verdict.VERIFIED, verification="mailbox"))
    )

    (value,) = checked.values
    assert checked.outcome is Outcome.FOUND
    assert (value.value, value.verified, value.verification) == (MIRA, True, "mailbox")
    assert checker.asked == []


@pytest.mark.parametrize(
    ("prepare", "route"),
    [
        (lambda dns: dns.rcodes.update({"gone.example": dns_rcode("NXDOMAIN")}), "NO_DOMAIN"),
        (lambda dns: dns.add("gone.example", "MX", "0 ."), "REFUSES_MAIL"),
        (lambda _dns: None, "NO_HOST"),
    ],
)
async def test_a_domain_that_takes_no_mail_takes_the_verified_away(dns, start, prepare, route):
    """It may have lapsed since the provider looked."""
    prepare(dns)
    checked = await check(start(), found(email("mira@gone.example", Verdict.VERIFIED)))

    (value,) = checked.values
    assert (checked.outcome, checked.reason) == (Outcome.ABSENT, ONLY_UNVERIFIED)
    assert (value.verified, value.verdict) == (False, Verdict.INVALID)
    assert value.verification == MailRoute[route]


async def test_a_dns_that_fails_takes_nothing_away(dns, start):
    """What the provider verified stays verified."""
    dns.rcodes["broken.example"] = dns_rcode("SERVFAIL")
    checked = await check(start(), found(email("mira@broken.example", Verdict.VERIFIED)))

    assert checked.outcome is Outcome.FOUND


async def test_without_a_verdict_and_without_the_dns_it_is_unknown(dns, start):
    """It may be a good address: never absent, and no verifier is paid on a guess."""
    dns.rcodes["broken.example"] = dns_rcode("SERVFAIL")
    checker = StubVerifier(mira=Verdict.VERIFIED)
    checked = await check(start(checker), found(email("mira@broken.example")))

    assert (checked.outcome, checked.reason) == (Outcome.UNKNOWN, NOT_CHECKED)
    assert checked.values[0].verdict is Verdict.UNKNOWN
    assert checker.asked == []


async def test_the_dns_is_not_waited_for_beyond_the_deadline(dns, start):
    """The item's time is the item's time."""
    dns.mute.add("slow.example")
    checked = await check(start(), found(email("mira@slow.example")), seconds=0.05)

    assert checked.outcome is Outcome.UNKNOWN
    assert checked.values[0].verification == MailRoute.TIMED_OUT


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(email("info@acme.example", Verdict.VERIFIED), id="role"),
        pytest.param(email("mira@mailinator.com", Verdict.VERIFIED), id="disposable"),
        pytest.param(email("noreply@acme.example"), id="noreply"),
        pytest.param(email(verdict=Verdict.INVALID), id="the provider's own word"),
    ],
)
async def test_what_is_invalid_at_sight_costs_no_question(dns, start, value):
    """Neither the DNS nor a verifier is asked, and evidence keeps the address as invalid."""
    checker = StubVerifier(mira=Verdict.VERIFIED)
    checked = await check(start(checker), found(value))

    assert checked.outcome is Outcome.ABSENT
    assert checked.values[0].verdict is Verdict.INVALID
    assert (dns.asked, checker.asked) == ([], [])


async def test_catch_all_is_not_verified_and_not_paid_for_again(start):
    """A server that accepts everything tells the next verifier no more."""
    checker = StubVerifier(mira=Verdict.VERIFIED)
    checked = await check(start(checker), found(email(verdict=Verdict.ACCEPT_ALL)))

    assert checked.outcome is Outcome.ABSENT
    assert (checked.values[0].verdict, checked.values[0].verified) == (Verdict.ACCEPT_ALL, False)
    assert checker.asked == []


@pytest.mark.parametrize("said", [None, Verdict.RISKY, Verdict.UNKNOWN])
async def test_a_verifier_decides_where_the_provider_did_not(start, said):
    """The evidence names who verified it."""
    checker = StubVerifier(mira=Verdict.VERIFIED)
    checked = await check(start(checker), found(email(verdict=said)))

    assert checked.outcome is Outcome.FOUND
    assert (checked.values[0].verified, checked.values[0].verification) == (True, "checker")


async def test_without_a_verifier_an_unchecked_address_is_a_risk(start):
    """Asking again would tell no more: absent, and the evidence says how far it was checked."""
    checked = await check(start(), found(email()))

    (value,) = checked.values
    assert (checked.outcome, value.verdict) == (Outcome.ABSENT, Verdict.RISKY)
    assert value.verification == MailRoute.TAKES_MAIL


@pytest.mark.parametrize(
    "failure", [Verdict.UNKNOWN, RuntimeError(MIRA), pytest.param("never", id="never")]
)
async def test_a_verifier_that_cannot_say_leaves_it_unknown(start, failure):
    """Its failure is a value, and an address that may be good is not called absent."""
    checked = await check(
        start(StubVerifier(mira=failure)), found(email()), seconds=0.2 if failure == "never" else 20
    )

    assert (checked.outcome, checked.reason) == (Outcome.UNKNOWN, NOT_CHECKED)
    assert checked.values[0].verdict is Verdict.UNKNOWN


async def test_the_next_verifier_is_asked_when_one_cannot_say(start):
    """And nobody after the one that could."""
    cannot, can, never = (
        StubVerifier("cannot"),
        StubVerifier("can", mira=Verdict.INVALID),
        StubVerifier("never", mira=Verdict.VERIFIED),
    )
    checked = await check(start(cannot, can, never), found(email()))

    assert (checked.values[0].verdict, checked.values[0].verification) == (Verdict.INVALID, "can")
    assert never.asked == []


async def test_a_verdict_is_paid_for_once(start):
    """The next provider gives the same address: the verdict stands."""
    checker = StubVerifier(mira=Verdict.INVALID)
    verification = start(checker)
    for _ in range(2):
        await check(verification, found(email()))

    assert checker.asked == [MIRA]


async def test_many_who_have_the_same_address_at_once_pay_for_one_verdict(start, dns):
    """Two providers, or two names of one person: the second waits for what the first is told."""
    checker = StubVerifier(mira=Verdict.VERIFIED)
    verification = start(checker)
    checked = await asyncio.gather(*(check(verification, found(email())) for _ in range(20)))

    assert {one.outcome for one in checked} == {Outcome.FOUND}
    assert {one.values[0].verification for one in checked} == {"checker"}
    assert checker.asked == [MIRA]
    assert dns.questions("acme.example") == ["MX"]


async def test_who_was_refused_or_gave_up_leaves_the_turn_to_the_next(start):
    """One job's cap or cancelled look-up says nothing of the address for the others."""
    checker = StubVerifier(mira=Verdict.VERIFIED)
    verification = start(checker)
    deadline = asyncio.get_running_loop().time() + SECONDS
    given_up, refused = asyncio.Event(), asyncio.Event()

    async def never(*_):
        given_up.set()
        await asyncio.Event().wait()

    async def refuses(*_):
        refused.set()
        return Check(Verdict.UNKNOWN, "not asked", was_asked=False)

    def begin(ask=None):
        checking = verification.check(Field.EMAIL, found(email()), deadline, ask)
        return asyncio.create_task(checking)

    first = begin(never)
    await given_up.wait()
    second = begin(refuses)
    third = begin()
    first.cancel()

    assert (await second).outcome is Outcome.UNKNOWN
    assert refused.is_set()
    assert (await third).outcome is Outcome.FOUND
    assert checker.asked == [MIRA]


async def test_who_gets_no_turn_in_time_is_checked_later(start):
    """It is unknown for now, nothing was asked, and it says when it may be."""
    asked = asyncio.Event()

    async def never(*_):
        asked.set()
        await asyncio.Event().wait()

    verification = start(StubVerifier())
    deadline = asyncio.get_running_loop().time() + SECONDS
    first = asyncio.create_task(verification.check(Field.EMAIL, found(email()), deadline, never))
    await asked.wait()
    checked = await check(verification, found(email()), seconds=0.05)
    first.cancel()

    assert (checked.outcome, checked.reason) == (Outcome.UNKNOWN, NOT_CHECKED)
    assert checked.retry_at is not None
    assert to_be_checked(checked.values)


async def test_no_verifier_is_paid_beside_a_verified_address(start):
    """One verified address is what is looked for; the guesses beside it stay guesses."""
    checker = StubVerifier()
    checked = await check(
        start(checker), found(email("guess@acme.example"), email(verdict=Verdict.VERIFIED))
    )

    assert [value.value for value in checked.values] == [MIRA, "guess@acme.example"]
    assert checker.asked == []


async def test_verifiers_are_asked_until_one_address_is_verified_and_of_few(start):
    """A long list of guesses does not spend the credits of a month."""
    guesses = found(*(email(f"m{n}@acme.example") for n in range(10)))
    hopeless = StubVerifier(**{f"m{n}": Verdict.INVALID for n in range(10)})
    lucky = StubVerifier(m0=Verdict.INVALID, m1=Verdict.VERIFIED)

    await check(start(hopeless), guesses)
    checked = await check(start(lucky), guesses)

    assert len(hopeless.asked) == MAX_ASKED
    assert lucky.asked == ["m0@acme.example", "m1@acme.example"]
    assert checked.values[0].value == "m1@acme.example"
    assert checked.values[-1].verdict is Verdict.INVALID


async def test_what_a_source_vouches_for_itself_stays(dns, start):
    """An endpoint of the operator's own knows its people, also at a domain that is nowhere."""
    checked = await check(
        start(), found(email("info@gone.example", verified=True, verification="crm"))
    )

    assert checked.outcome is Outcome.FOUND
    assert checked.values[0].verification == "crm"
    assert dns.asked == []


async def test_what_is_no_address_is_dropped(start):
    """A provider's ``true`` in place of a masked address is nobody's address."""
    checked = await check(start(), found(email(value=True), email(verdict=Verdict.VERIFIED)))
    nothing_left = await check(start(), found(email(value="***@acme")))

    assert [value.value for value in checked.values] == [MIRA]
    assert (nothing_left.outcome, nothing_left.reason) == (Outcome.UNKNOWN, UNREADABLE)
    assert nothing_left.values == ()


@pytest.mark.parametrize("outcome", [Outcome.ABSENT, Outcome.UNKNOWN])
async def test_a_finding_without_values_passes(start, outcome):
    """There is nothing to check, and the reason stays the provider's."""
    finding = Finding(outcome, reason="no such person")

    assert await check(start(), finding) == finding


async def test_an_unverified_address_can_become_found(start):
    """A provider that had only a guess is right after all."""
    guess = Finding(Outcome.ABSENT, (email(),), "only unverified values")
    checked = await check(start(StubVerifier(mira=Verdict.VERIFIED)), guess)

    assert (checked.outcome, checked.reason) == (Outcome.FOUND, "")


async def test_unknown_stays_unknown_beside_an_invalid_address(start):
    """The provider did not say all it knows."""
    said = Finding(Outcome.UNKNOWN, (email("info@acme.example"),), "timed out")
    checked = await check(start(), said)

    assert (checked.outcome, checked.reason) == (Outcome.UNKNOWN, "timed out")
    assert checked.values[0].verification == ROLE


async def test_phones_are_checked_by_their_plan(start):
    """One that is in use is found; one that no plan has is not."""
    good = await check(start(), found(Value(value="+44 7400 123456")), Field.PHONE)
    bad = await check(start(), found(Value(value="+15550100")), Field.PHONE)

    assert (good.outcome, good.values[0].value) == (Outcome.FOUND, "+447400123456")
    assert (bad.outcome, bad.reason) == (Outcome.ABSENT, ONLY_UNVERIFIED)


@pytest.mark.parametrize("field", [Field.PROFILE, Field.SIGNALS])
async def test_other_fields_pass_as_they_are(start, field):
    """There is nothing to verify about them here."""
    finding = found(Value(value={"name": "Mira"}))

    assert await check(start(), finding, field) is finding


async def test_offline_nobody_outside_is_asked(dns):
    """What a provider verified stands, roles go, and the rest is a risk."""
    settings = Settings(verification="offline", dns_servers=dns.address)
    checker = StubVerifier(mira=Verdict.VERIFIED)
    async with open_verification(settings, [checker]) as verification:
        checked = await check(
            verification,
            found(email("sales@acme.example"), email("guess@acme.example")),
        )
        kept = await check(verification, found(email(verdict=Verdict.VERIFIED)))

    assert [value.verdict for value in checked.values] == [Verdict.RISKY, Verdict.INVALID]
    assert checked.values[0].verification == MailRoute.NOT_ASKED
    assert kept.outcome is Outcome.FOUND
    assert (dns.asked, checker.asked) == ([], [])


async def test_switched_off_each_providers_word_stands(dns):
    """Also for what is plainly no person's address."""
    finding = found(email("info@acme.example", Verdict.VERIFIED))
    async with open_verification(Settings(verification="off")) as verification:
        assert await check(verification, finding) is finding


async def test_the_settings_say_which_dns_is_asked(dns):
    """``full`` asks the resolvers that are set."""
    dns.add("acme.example", "MX", "10 mx.acme.example.")
    async with open_verification(Settings(dns_servers=dns.address)) as verification:
        await check(verification, found(email()))

    assert dns.questions("acme.example") == ["MX"]


def dns_rcode(name):
    return dns.rcode.from_text(name)
