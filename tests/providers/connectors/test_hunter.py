"""The provider hunter against what Hunter documents."""

import pytest
from contract import SECONDS, PaidConnectorContract
from fake_hunter import NOTHING, PERSON, FakeHunter, verification
from fake_provider import MIRA, MIRA_EMAIL, MIRA_GITHUB, MIRA_X, always
from loopback import says

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.client import CallOutcome
from enrich_stream.providers.hunter import Hunter
from enrich_stream.verification.verdict import Verdict


class TestHunter(PaidConnectorContract):
    """Its own, beside what all connectors do."""

    connector = Hunter
    fake = FakeHunter
    asked = MIRA

    async def test_an_e_mail_found_has_its_own_check_with_it(self, connector_, provider):
        """And the phone comes along, in one call and for one credit."""
        answer = await self.ask(connector_, MIRA, {Field.EMAIL, Field.PHONE})
        (email,), (phone,) = (answer.findings[f].values for f in (Field.EMAIL, Field.PHONE))
        assert (email.value, email.verified) == ("mira@northwind.example", True)
        assert (email.verdict, email.verification) == (Verdict.VERIFIED, "valid")
        assert (email.confidence, email.observed_at.date().isoformat()) == (0.97, "2026-10-09")
        assert (phone.value, phone.verified) == ("+12025550102", False)
        assert (answer.cost, answer.identities) == (1, (MIRA_X,))
        assert [request.path for request in provider.requests] == ["/email-finder"]

    @pytest.mark.parametrize(
        ("status", "verdict"),
        [
            ("accept_all", Verdict.ACCEPT_ALL),
            ("webmail", Verdict.RISKY),
            ("invalid", Verdict.INVALID),
            ("disposable", Verdict.INVALID),
            ("unknown", Verdict.UNKNOWN),
            ("something new", Verdict.UNKNOWN),
            (None, None),
        ],
    )
    async def test_only_valid_is_verified(self, connector_, provider, status, verdict):
        """What Hunter is not sure of is evidence and no more."""
        data = provider.found["data"] | {"verification": {"date": None, "status": status}}
        provider.found = {"data": data}
        finding = (await self.ask(connector_, MIRA, {Field.EMAIL})).findings[Field.EMAIL]
        (value,) = finding.values
        assert (finding.outcome, finding.reason) == (Outcome.ABSENT, "only unverified values")
        assert (value.verified, value.verdict) == (False, verdict)

    async def test_no_e_mail_in_the_answer_is_none_on_record(self, connector_, provider):
        """A null is its way of saying so, and it is free."""
        provider.found = NOTHING
        answer = await self.ask(connector_, MIRA, {Field.EMAIL, Field.PHONE})
        assert {finding.reason for finding in answer.findings.values()} == {"nothing on record"}
        assert (answer.person_known, answer.cost) == (False, 0)

    async def test_a_person_is_asked_for_by_e_mail_too(self, connector_, provider):
        """With the names elsewhere that come to light."""
        answer = await self.ask(connector_, MIRA_EMAIL)
        assert answer.findings[Field.PHONE].values[0].value == "+442079460190"
        assert answer.findings[Field.PROFILE].values[0].value == {
            "name": "Mira Okafor",
            "title": "VP Marketing",
            "company": "Northwind",
            "location": "London, United Kingdom",
        }
        assert answer.identities == (MIRA, MIRA_X, MIRA_GITHUB)
        assert [request.path for request in provider.requests] == ["/people/find"]

    async def test_everything_takes_two_calls(self, connector_, provider):
        """One of the finder and one for the person, at the same time."""
        answer = await self.ask(connector_, MIRA)
        assert {f: finding.outcome for f, finding in answer.findings.items()} == {
            Field.EMAIL: Outcome.FOUND,
            Field.PHONE: Outcome.ABSENT,
            Field.PROFILE: Outcome.FOUND,
        }
        assert sorted(request.path for request in provider.requests) == [
            "/email-finder",
            "/people/find",
        ]
        assert answer.cost == 2

    async def test_403_is_too_many_calls_and_429_a_plan_used_up(self, connector_, provider, clock):
        """The reverse of everybody else."""
        provider.once = [always(provider.rate_limited)]
        assert (await self.ask(connector_, MIRA, {Field.EMAIL})).person_known
        assert sum(clock.waits) == pytest.approx(10, abs=1)
        provider.always = always(provider.no_credits)
        self.all_unknown(await self.ask(connector_, MIRA, {Field.EMAIL}), "out of credits")
        assert connector_.condition.outcome is CallOutcome.OUT_OF_CREDITS

    async def test_a_person_without_names_elsewhere(self, connector_, provider):
        """Nulls are no handles."""
        gone = dict.fromkeys(("github", "twitter", "linkedin", "name", "employment", "phone"))
        provider.person = {"data": PERSON["data"] | gone}
        answer = await self.ask(connector_, MIRA_EMAIL)
        assert answer.identities == ()
        assert answer.findings[Field.PHONE].reason == "nothing on record"

    @pytest.mark.parametrize(
        ("status", "flags", "verdict"),
        [
            ("valid", {}, Verdict.VERIFIED),
            ("webmail", {"smtp_check": True}, Verdict.VERIFIED),
            ("webmail", {"smtp_check": False}, Verdict.RISKY),
            ("accept_all", {}, Verdict.ACCEPT_ALL),
            ("invalid", {}, Verdict.INVALID),
            ("unknown", {}, Verdict.UNKNOWN),
        ],
    )
    async def test_the_verifier_says_what_hunter_says(
        self, connector_, provider, status, flags, verdict
    ):
        """In our words."""
        provider.check = verification(status, **flags)
        assert await self.verify(connector_) is verdict

    @pytest.mark.parametrize("status", [400, 404, 429, 451, 500])
    async def test_the_verifier_knows_nothing_when_hunter_does_not(
        self, connector_, provider, status
    ):
        """Whatever the reason is."""
        provider.always = says({"errors": []}, status)
        assert await self.verify(connector_) is Verdict.UNKNOWN

    async def test_the_verifier_waits_for_a_check_under_way(self, connector_, provider):
        """202 asks for the same call again."""
        provider.once = [says({"data": {}}, 202)]
        assert await self.verify(connector_) is Verdict.VERIFIED
        assert [request.path for request in provider.requests] == ["/email-verifier"] * 2

    async def verify(self, connector):
        deadline = connector.http._clock.now() + SECONDS
        return await connector.verifier.verify("mira@northwind.example", deadline)
