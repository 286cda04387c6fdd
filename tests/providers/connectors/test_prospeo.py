"""The provider prospeo against what Prospeo documents."""

import pytest
from contract import PaidConnectorContract
from fake_prospeo import PERSON, FakeProspeo
from fake_provider import MIRA, MIRA_EMAIL, always

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.client import CallOutcome
from enrich_stream.providers.prospeo import Prospeo
from enrich_stream.verification.verdict import Verdict


class TestProspeo(PaidConnectorContract):
    """Its own, beside what all connectors do."""

    connector = Prospeo
    fake = FakeProspeo
    asked = MIRA
    resets = ((lambda fake: fake.rate_limited(reset=9), 9),)

    async def test_one_call_answers_everything(self, connector_, provider):
        """The e-mail and the mobile verified, for it says so of each."""
        answer = await self.ask(connector_)
        (email,), (phone,) = (answer.findings[f].values for f in (Field.EMAIL, Field.PHONE))
        assert (email.value, email.verified) == ("mira@northwind.example", True)
        assert (email.verdict, email.verification) == (Verdict.VERIFIED, "VERIFIED")
        assert (phone.value, phone.verified) == ("+12025550102", True)
        assert answer.findings[Field.PROFILE].values[0].value == {
            "name": "Mira Okafor",
            "title": "VP Marketing",
            "headline": "VP Marketing at Northwind",
            "company": "Northwind",
            "location": "London, United Kingdom",
        }
        assert (answer.cost, len(provider.requests)) == (10, 1)

    async def test_a_mobile_is_asked_for_only_when_it_is_wanted(self, connector_, provider):
        """It costs ten times as much."""
        answer = await self.ask(connector_, fields={Field.EMAIL})
        assert (await provider.requests[0].json())["enrich_mobile"] is False
        assert answer.cost == 1

    async def test_a_person_found_before_is_free(self, connector_, provider):
        """As it says."""
        provider.free = True
        assert (await self.ask(connector_)).cost == 0

    @pytest.mark.parametrize(
        ("asked", "data"),
        [
            (MIRA, {"linkedin_url": "https://www.linkedin.com/in/mira-okafor"}),
            (MIRA_EMAIL, {"email": "mira@northwind.example"}),
        ],
    )
    async def test_each_identifier_is_asked_by_in_its_way(self, connector_, provider, asked, data):
        """By e-mail, the LinkedIn profile comes to light."""
        answer = await self.ask(connector_, asked)
        assert (await provider.requests[0].json())["data"] == data
        assert answer.identities == (() if asked == MIRA else (MIRA,))

    @pytest.mark.parametrize(
        ("code", "status", "outcome"),
        [
            ("INVALID_DATAPOINTS", 400, CallOutcome.BAD_INPUT),
            ("ACCOUNT_RESTRICTED", 400, CallOutcome.BAD_KEY),
            ("INTERNAL_ERROR", 400, CallOutcome.UPSTREAM_ERROR),
            ("SOMETHING_NEW", 400, CallOutcome.BAD_INPUT),
            ("SOMETHING_NEW", 500, CallOutcome.UPSTREAM_ERROR),
        ],
    )
    async def test_an_error_is_what_its_code_says(
        self, connector_, provider, code, status, outcome
    ):
        """The status alone says little: no match and no credits are both a 400."""
        provider.always = always(lambda: provider.error(status, code))
        answer = await self.ask(connector_)
        assert {finding.outcome for finding in answer.findings.values()} == {Outcome.UNKNOWN}
        can_be_asked = outcome is not CallOutcome.BAD_KEY
        assert (connector_.condition.outcome is CallOutcome.FOUND) == can_be_asked

    @pytest.mark.parametrize(
        ("change", "outcome", "values"),
        [
            ({"status": "UNVERIFIED"}, Outcome.ABSENT, 1),
            ({"status": "SOMETHING_NEW"}, Outcome.ABSENT, 1),
            ({"revealed": False, "email": "m***@northwind.example"}, Outcome.ABSENT, 0),
        ],
    )
    async def test_only_verified_and_revealed_counts(
        self, connector_, provider, change, outcome, values
    ):
        """A masked address is none."""
        provider.person = PERSON | {"email": PERSON["email"] | change}
        finding = (await self.ask(connector_)).findings[Field.EMAIL]
        assert (finding.outcome, len(finding.values)) == (outcome, values)

    async def test_a_person_without_contacts_is_known_all_the_same(self, connector_, provider):
        """Nulls are nothing on record."""
        provider.person = PERSON | {"email": None, "mobile": None}
        answer = await self.ask(connector_, fields={Field.EMAIL})
        assert answer.findings[Field.EMAIL].reason == "nothing on record"
        assert answer.person_known
