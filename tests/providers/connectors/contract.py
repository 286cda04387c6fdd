"""What every connector must do, whatever its provider: one suite, inherited by each of them."""

import asyncio
import email.utils
import json
import time

import pytest
from aiohttp import web
from fake_provider import KEY, FakeProvider, always, running, with_headers
from loopback import FastClock, breaks_off, hangs, says, says_bytes, stalls
from pydantic import SecretStr

from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Provider, Question, fields_of
from enrich_stream.providers.client import CallOutcome
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.settings import Settings

SECONDS = 20
MIB = 1024 * 1024


class ConnectorContract:
    """Each connector says what it is, which fake speaks for its provider, and what is particular.

    Attributes:
        connector: The class.
        fake: The class that speaks for its provider.
        asked: Mira, by an identifier that it answers all of its fields by.
        resets: How the provider says when a limit ends, each with the seconds until then.
        longest_wait: The longest a refusal without any header may last.
    """

    connector: type
    fake: type[FakeProvider]
    asked: Identifier
    resets = ()

    @pytest.fixture
    async def provider(self, clock):
        """The provider on the loopback; it has the same time."""
        fake = self.fake()
        fake.now = clock.wall
        async with running(fake) as url:
            fake.url = url
            yield fake

    @pytest.fixture
    def clock(self):
        return FastClock()

    @pytest.fixture
    async def make(self, provider, clock):
        """Makes a started connector to the provider, and stops it at the end."""
        made = []

        async def start(key=KEY, **settings):
            its_settings = ConnectorSettings(
                key=SecretStr(key) if key else None, base_url=provider.url, **settings
            )
            connector = self.connector(its_settings, HttpClients(Settings(), clock))
            await connector.start()
            made.append(connector)
            return connector

        yield start
        for connector in made:
            await connector.stop()

    @pytest.fixture
    async def connector_(self, make):
        """A started connector with a valid key."""
        return await make()

    def question(self, connector, asked=None, fields=None, *, seconds=SECONDS):
        asked = asked or self.asked
        return Question(
            identifier=asked,
            fields=frozenset(fields or connector.answers[asked.kind]),
            deadline=connector.http._clock.now() + seconds,
        )

    async def ask(self, connector, asked=None, fields=None, **time):
        return await connector.ask(self.question(connector, asked, fields, **time))

    # What it is.

    async def test_it_is_a_provider(self, connector_):
        """With a name, and no records of the operator's own."""
        made: Provider = connector_
        assert made.name == self.connector.name
        assert all(made.answers.values())
        assert not made.is_local

    async def test_it_answers_each_field_by_each_identifier_it_names(self, connector_):
        """Mira is found; the fake lets nothing pass that is not documented."""
        for kind, fields in connector_.answers.items():
            asked = self.mira(kind)
            answer = await self.ask(connector_, asked)
            assert set(answer.findings) == fields
            assert answer.person_known
            outcomes = {finding.outcome for finding in answer.findings.values()}
            assert Outcome.UNKNOWN not in outcomes

    async def test_it_asks_nothing_that_it_cannot_answer(self, connector_, provider):
        """Neither by an identifier it does not take nor for a field it does not know."""
        for kind in IdentifierKind:
            for field in set(Field) - connector_.answers.get(kind, frozenset()):
                answer = await self.ask(connector_, self.mira(kind), {field})
                assert answer.findings == {}
        assert provider.requests == []

    def mira(self, kind):
        """Mira by that identifier, as every fake knows her."""
        names = {IdentifierKind.X: "mira_okafor", IdentifierKind.EMAIL: "mira@northwind.example"}
        return Identifier(kind, names.get(kind, "mira-okafor"))

    # What the provider says.

    async def test_no_match_is_absent(self, connector_):
        """In the provider's own way of saying so."""
        for kind, fields in connector_.answers.items():
            nobody = Identifier(kind, "nobody@nowhere.example" if "email" in kind else "nobody-91")
            answer = await self.ask(connector_, nobody)
            assert {f: finding.outcome for f, finding in answer.findings.items()} == dict.fromkeys(
                fields, Outcome.ABSENT
            )
            assert all(finding.reason for finding in answer.findings.values())
            assert (answer.person_known, answer.cost, answer.identities) == (False, 0, ())

    async def test_a_wrong_key_parks_the_provider(self, make, provider, clock):
        """Everything is unknown, and it is not asked again before long."""
        connector = await make("wrong")
        for _ in range(3):
            answer = await self.ask(connector)
            self.all_unknown(answer, "refused the key")
            for finding in answer.findings.values():
                assert finding.retry_at == pytest.approx(clock.wall() + 3600, abs=10)
        calls = len(provider.requests)
        assert calls <= len(fields_of(connector))  # side by side, before the first was answered
        assert connector.condition.outcome is CallOutcome.BAD_KEY

    @pytest.mark.parametrize("as_date", [False, True])
    async def test_a_refusal_for_the_rate_waits_as_it_says(
        self, connector_, provider, clock, as_date
    ):
        """Retry-After as seconds and as a date; then the answer is there."""
        after = email.utils.formatdate(time.time() + 5, usegmt=True) if as_date else "5"
        provider.once = [always(with_headers(self.limited(provider), {"Retry-After": after}))]
        answer = await self.ask(connector_)
        assert answer.person_known
        assert sum(clock.waits) == pytest.approx(5, abs=2.5)

    async def test_a_refusal_for_the_rate_waits_as_its_own_headers_say(self, connector_, provider):
        """Whichever way the provider writes the moment."""
        clock = connector_.http._clock
        for refusal, seconds in self.resets:
            begun = clock.ahead
            provider.once = [always(lambda refusal=refusal: refusal(provider))]
            assert (await self.ask(connector_)).person_known
            assert clock.ahead - begun == pytest.approx(seconds, abs=2.5)
            # What was held by one refusal must not meet the next.
            clock.ahead += 100

    async def test_a_refusal_beyond_the_deadline_is_put_off(self, connector_, provider, clock):
        """Everything is unknown, and says from when on it may not be."""
        refusal = with_headers(self.limited(provider), {"Retry-After": "600"})
        provider.always = always(refusal)
        answer = await self.ask(connector_)
        assert {finding.outcome for finding in answer.findings.values()} == {Outcome.UNKNOWN}
        for finding in answer.findings.values():
            assert "limit" in finding.reason
            assert finding.retry_at == pytest.approx(clock.wall() + 600, abs=10)

    def limited(self, provider):
        """The provider's refusal for the rate, without headers of its own."""
        return provider.rate_limited

    async def test_pending_is_asked_again(self, connector_, provider, clock):
        """202 is no answer yet."""
        provider.once = [says(status=202), says(status=202)]
        assert (await self.ask(connector_)).person_known
        assert len(clock.waits) == 2

    async def test_suppressed_is_absent(self, connector_, provider):
        """Who asked not to be processed is not asked about again."""
        provider.always = says({}, 451)
        answer = await self.ask(connector_)
        for finding in answer.findings.values():
            assert (finding.outcome, finding.retry_at) == (Outcome.ABSENT, None)
            assert finding.reason == "the person asked not to be processed"

    # What the network does.

    @pytest.mark.parametrize(
        ("respond", "reason"),
        [
            (says(status=500), "had an error of its own"),
            (says(status=502), "had an error of its own"),
            (says_bytes(b"<html>busy", "text/html", status=503), "had an error of its own"),
            (says(status=302, headers={"Location": "/x"}), "answered with a redirect"),
            (says_bytes(b"<html>", "text/html"), "answered another type of content than agreed"),
            (says_bytes(b'{"data": {'), "answered something that is not JSON"),
            (says_bytes(b" " * (MIB + 1)), "answered more than 1 MiB"),
            (says("text"), "answered something that is not as agreed"),
            (says({}), "answered something that is not as agreed"),
            (says({"data": {}}), "answered something that is not as agreed"),
            (breaks_off, "answer broke off"),
        ],
    )
    async def test_trouble_is_unknown(self, connector_, provider, respond, reason):
        """Never absent, after a few tries, and worth another one later."""
        provider.always = respond
        answer = await self.ask(connector_)
        self.all_unknown(answer, reason)
        assert all(finding.retry_at for finding in answer.findings.values())

    @pytest.mark.parametrize("respond", [hangs, stalls])
    async def test_a_provider_too_slow_is_unknown(self, make, provider, respond):
        """Neither late headers nor a late body hold anybody up."""
        connector = await make(timeout_seconds=0.05)
        provider.always = respond
        async with asyncio.timeout(SECONDS / 2):
            self.all_unknown(await self.ask(connector), "timed out")

    async def test_a_question_whose_time_is_over_is_not_asked(self, connector_, provider):
        """It would be charged, and nobody waits."""
        self.all_unknown(await self.ask(connector_, seconds=0), "timed out")
        assert provider.requests == []

    async def test_one_failure_is_made_good(self, connector_, provider):
        """By the next try."""
        provider.once = [says(status=500)]
        assert (await self.ask(connector_)).person_known

    def all_unknown(self, answer, reason):
        for finding in answer.findings.values():
            assert (finding.outcome, finding.values) == (Outcome.UNKNOWN, ())
            assert finding.reason == reason
        assert not answer.person_known

    # What it makes of answers that are not as documented.

    @pytest.mark.parametrize("wrong", [7, {"x": 1}, "\u2028garbage"])
    async def test_members_of_the_wrong_type_are_never_believed(self, make, provider, wrong):
        """Each in turn: a field is as it was, or unknown; never absent, and never nonsense."""
        right = await self.ask(await make())
        places = await self.spoil(make, provider)
        assert places
        for place in range(places):
            connector = await make()  # anew, for one that keeps failing is left alone
            await self.spoil(make, provider, place, wrong)
            answer = await self.ask(connector)
            for field, finding in answer.findings.items():
                if not finding.values:  # with some, it is only that they are not verified
                    assert finding.outcome in {right.findings[field].outcome, Outcome.UNKNOWN}
                if field in {Field.EMAIL, Field.PHONE}:
                    known = {value.value for value in right.findings[field].values}
                    assert {value.value for value in finding.values} <= known

    async def spoil(self, make, provider, place=None, wrong=None):
        """From now on one place in each answer holds something wrong; says how many there are."""
        respond = type(provider).respond.__get__(provider)
        places = 0

        async def spoilt(request):
            nonlocal places
            response = await respond(request)
            body = json.loads(response.body)
            spots = list(leaves(body))
            places = max(places, len(spots))
            if place is not None and place < len(spots):
                holder, name = spots[place]
                holder[name] = wrong
            return web.json_response(body, status=response.status)

        provider.respond = spoilt
        if place is None:
            await self.ask(await make())
        return places

    # What it must keep to itself.

    async def test_the_key_goes_in_a_header_and_nowhere_else(self, connector_, provider):
        """An address is written down by every proxy."""
        await self.ask(connector_)
        for request in provider.requests:
            assert KEY not in str(request.rel_url)
            assert any(KEY in value for value in request.headers.values())

    async def test_nothing_reaches_the_log(self, make, provider, caplog, capsys):
        """Neither who was asked about, nor what came of it, nor the key."""
        caplog.set_level("DEBUG")
        for key in (KEY, "wrong-k3y"):
            connector = await make(key)
            await self.ask(connector)
            provider.once = [says(status=500), always(self.limited(provider))]
            await self.ask(connector)
        ours = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp.access")]
        printed = capsys.readouterr()
        everything = f"{ours} {printed.out} {printed.err}".lower()
        for secret in ("mira", "okafor", "northwind", "5550102", KEY, "wrong-k3y"):
            assert secret not in everything

    # Whether it works.

    async def test_the_check_tells_whether_it_works(self, make, provider):
        """By one request about nobody."""
        connector = await make()
        reply = await connector.check(connector.http._clock.now() + SECONDS)
        assert reply.outcome in {CallOutcome.FOUND, CallOutcome.NOT_FOUND}
        assert len(provider.requests) == 1
        assert "mira" not in str(provider.requests[0].rel_url)
        wrong = await make("wrong")
        assert (await wrong.check(SECONDS + wrong.http._clock.now())).outcome is CallOutcome.BAD_KEY


class PaidConnectorContract(ConnectorContract):
    """What a connector must do besides when its provider is paid."""

    async def test_out_of_credits_parks_the_provider(self, connector_, provider):
        """The same, in the provider's own way of saying so."""
        provider.always = always(provider.no_credits)
        self.all_unknown(await self.ask(connector_), "out of credits")
        provider.always = None
        calls = len(provider.requests)
        self.all_unknown(await self.ask(connector_), "out of credits")
        assert len(provider.requests) == calls
        assert connector_.condition.outcome is CallOutcome.OUT_OF_CREDITS


def leaves(node):
    """Every place in a JSON value, as what holds it and under which name or number."""
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for name, child in list(items):
        yield node, name
        yield from leaves(child)
