"""The provider leadmagic against what LeadMagic documents."""

import pytest
from contract import SECONDS, PaidConnectorContract
from fake_leadmagic import VALIDATION, FakeLeadMagic
from fake_provider import MIRA, MIRA_EMAIL
from loopback import says

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.leadmagic import LeadMagic
from enrich_stream.verification.verdict import Verdict


class TestLeadMagic(PaidConnectorContract):
    """Its own, beside what all connectors do."""

    connector = LeadMagic
    fake = FakeLeadMagic
    asked = MIRA
    resets = (
        (lambda fake: fake.rate_limited(reset=9), 9),
        (lambda fake: fake.rate_limited(reset=9, is_epoch=True), 9),
    )

    def limited(self, provider):
        """Without the headers that say when it ends."""
        return lambda: provider.error(429, "rate_limit_exceeded")

    async def test_each_field_is_a_call_of_its_own(self, connector_, provider):
        """At the same time, and only for what is wanted."""
        answer = await self.ask(connector_)
        (email,), (phone,) = (answer.findings[f].values for f in (Field.EMAIL, Field.PHONE))
        assert (email.value, email.verified, email.verdict) == (
            "mira@northwind.example",
            False,
            None,
        )
        assert (phone.value, phone.verified) == ("+12025550102", False)
        assert answer.findings[Field.PROFILE].values[0].value["title"] == "VP Marketing"
        assert answer.cost == 11
        assert len(provider.requests) == 3
        await self.ask(connector_, fields={Field.PHONE})
        assert provider.requests[3].path == "/v1/people/mobile-finder"
        assert len(provider.requests) == 4

    @pytest.mark.parametrize(
        ("asked", "body"),
        [
            (MIRA, {"profile_url": "https://www.linkedin.com/in/mira-okafor"}),
            (MIRA_EMAIL, {"work_email": "mira@northwind.example"}),
        ],
    )
    async def test_each_identifier_is_asked_by_in_its_way(self, connector_, provider, asked, body):
        """By e-mail it finds the mobile."""
        await self.ask(connector_, asked, {Field.PHONE})
        assert await provider.requests[0].json() == body

    async def test_one_endpoint_in_trouble_does_not_spoil_the_others(self, connector_, provider):
        """What they found is found."""
        fine = provider.respond

        async def respond(request):
            is_mobile = request.path.endswith("mobile-finder")
            return await (says(status=500) if is_mobile else fine)(request)

        provider.respond = respond
        answer = await self.ask(connector_)
        assert answer.findings[Field.PHONE].outcome is Outcome.UNKNOWN
        assert answer.findings[Field.PROFILE].outcome is Outcome.FOUND
        assert answer.findings[Field.EMAIL].values

    @pytest.mark.parametrize(
        ("status", "verdict"),
        [
            ("valid", Verdict.VERIFIED),
            ("valid_catch_all", Verdict.VERIFIED),
            ("catch_all", Verdict.ACCEPT_ALL),
            ("invalid", Verdict.INVALID),
            ("unknown", Verdict.UNKNOWN),
            ("something new", Verdict.UNKNOWN),
        ],
    )
    async def test_the_verifier_says_what_leadmagic_says(
        self, connector_, provider, status, verdict
    ):
        """In our words."""
        provider.validation = VALIDATION | {"email_status": status}
        assert await self.verify(connector_) is verdict

    @pytest.mark.parametrize("status", [400, 402, 429, 500])
    async def test_the_verifier_knows_nothing_when_leadmagic_does_not(
        self, connector_, provider, status
    ):
        """Whatever the reason is."""
        provider.always = says({}, status)
        assert await self.verify(connector_) is Verdict.UNKNOWN

    async def verify(self, connector):
        deadline = connector.http._clock.now() + SECONDS
        return await connector.verifier.verify("mira@northwind.example", deadline)
