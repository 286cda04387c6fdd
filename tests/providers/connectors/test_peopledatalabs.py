"""The provider peopledatalabs against what People Data Labs documents."""

import pytest
from contract import PaidConnectorContract
from fake_peopledatalabs import DATA, MASKED, FakePeopleDataLabs
from fake_provider import MIRA, MIRA_EMAIL, MIRA_GITHUB, MIRA_X

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.peopledatalabs import PeopleDataLabs

CONTACTS = {Field.EMAIL, Field.PHONE}


class TestPeopleDataLabs(PaidConnectorContract):
    """Its own, beside what all connectors do."""

    connector = PeopleDataLabs
    fake = FakePeopleDataLabs
    asked = MIRA
    resets = ((lambda fake: fake.rate_limited(reset=9), 9),)

    async def test_one_call_answers_everything(self, connector_, provider):
        """Nothing of it verified, for it does not say whether it works."""
        answer = await self.ask(connector_)
        emails, phones = (answer.findings[f] for f in (Field.EMAIL, Field.PHONE))
        assert [(value.value, value.verified, value.confidence) for value in emails.values] == [
            ("mira@northwind.example", False, 0.8),
            ("mira.home@example.com", False, 0.8),
            ("mira@old.example", False, 0.8),
        ]
        assert [(v.value, v.verified, v.verification) for v in phones.values] == [
            ("+12025550102", False, "valid_format"),
            ("+442079460190", False, "valid_format"),
        ]
        assert emails.reason == phones.reason == "only unverified values"
        assert answer.findings[Field.PROFILE].values[0].value == {
            "name": "Mira Okafor",
            "title": "VP Marketing",
            "company": "Northwind",
            "location": "London, England, United Kingdom",
        }
        assert answer.cost == 1
        assert len(provider.requests) == 1

    @pytest.mark.parametrize(
        ("asked", "name", "value"),
        [
            (MIRA, "profile", "linkedin.com/in/mira-okafor"),
            (MIRA_X, "profile", "twitter.com/mira_okafor"),
            (MIRA_GITHUB, "profile", "github.com/mira-okafor"),
            (MIRA_EMAIL, "email", "mira@northwind.example"),
        ],
    )
    async def test_each_identifier_is_asked_by_in_its_way(
        self, connector_, provider, asked, name, value
    ):
        """And brings the others to light."""
        answer = await self.ask(connector_, asked)
        assert provider.requests[0].query[name] == value
        everyone = {MIRA, MIRA_X, MIRA_GITHUB, MIRA_EMAIL}
        assert set(answer.identities) == everyone - {asked, MIRA_EMAIL}

    @pytest.mark.parametrize(
        ("fields", "needed"),
        [
            (CONTACTS, "emails OR phone_numbers"),
            ({Field.PHONE}, "phone_numbers"),
            (CONTACTS | {Field.PROFILE}, None),
        ],
    )
    async def test_a_person_without_contacts_is_not_paid_for(
        self, connector_, provider, fields, needed
    ):
        """Unless the profile is wanted as well."""
        provider.data = DATA | {"emails": [], "phone_numbers": []}
        answer = await self.ask(connector_, fields=fields)
        assert provider.requests[0].query.get("required") == needed
        if needed:
            assert {f.reason for f in answer.findings.values()} == {"nothing on record"}
            assert answer.cost == 0

    async def test_what_the_plan_hides_is_unknown(self, connector_, provider):
        """There is one: to call it absent would be a lie."""
        provider.data = MASKED
        answer = await self.ask(connector_)
        for field in CONTACTS:
            assert answer.findings[field].outcome is Outcome.UNKNOWN
            assert answer.findings[field].reason == "the plan does not show whether or what"
        assert answer.findings[Field.PROFILE].outcome is Outcome.FOUND

    async def test_what_is_shown_beside_what_is_hidden_counts(self, connector_, provider):
        """One address is enough."""
        provider.data = MASKED | {"work_email": "mira@northwind.example"}
        answer = await self.ask(connector_)
        (value,) = answer.findings[Field.EMAIL].values
        assert value.value == "mira@northwind.example"
