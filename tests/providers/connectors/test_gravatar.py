"""The provider gravatar against what Gravatar documents."""

from contract import ConnectorContract
from fake_gravatar import WITH_KEY, FakeGravatar
from fake_provider import MIRA_EMAIL, MIRA_GITHUB, MIRA_X
from loopback import says

from enrich_stream.person import Field, IdentifierKind, Outcome
from enrich_stream.providers.gravatar import Gravatar


class TestGravatar(ConnectorContract):
    """Its own, beside what all connectors do."""

    connector = Gravatar
    fake = FakeGravatar
    asked = MIRA_EMAIL
    resets = ((lambda fake: fake.rate_limited(reset=9), 9),)

    async def test_one_call_by_the_hash_of_the_address_answers_everything(
        self, connector_, provider
    ):
        """The address itself goes nowhere."""
        answer = await self.ask(connector_)
        phones = [(value.value, value.verified) for value in answer.findings[Field.PHONE].values]
        assert phones == [
            ("+12025550102", False),
            ("+442079460190", False),
            ("+442079460191", False),
        ]
        (email,) = answer.findings[Field.EMAIL].values
        assert (email.value, email.verified) == ("mira.home@northwind.example", False)
        assert answer.findings[Field.PROFILE].values[0].value == {
            "name": "Mira Okafor",
            "title": "VP Marketing",
            "company": "Northwind",
            "headline": "Marketing, mostly",
            "location": "London",
        }
        (request,) = provider.requests
        assert "northwind" not in str(request.rel_url)

    async def test_proven_accounts_name_the_person_elsewhere(self, connector_):
        """In the networks we know."""
        assert (await self.ask(connector_)).identities == (MIRA_GITHUB, MIRA_X)
        assert (await self.ask(connector_, MIRA_X)).identities == (MIRA_GITHUB,)

    async def test_without_a_key_it_knows_profiles_only(self, make, provider):
        """And by e-mail only: what it does not show without one is not absent."""
        connector = await make(None)
        assert connector.answers == {IdentifierKind.EMAIL: {Field.PROFILE}}
        answer = await self.ask(connector, MIRA_EMAIL)
        assert answer.findings[Field.PROFILE].outcome is Outcome.FOUND
        assert (await self.ask(connector, MIRA_X, {Field.EMAIL})).findings == {}
        assert len(provider.requests) == 1

    async def test_several_people_by_one_name_are_not_chosen_from(self, connector_, provider):
        """Which of them is asked about, nobody can say."""
        provider.always = says({"profiles": [WITH_KEY, WITH_KEY], "total_pages": 1})
        self.all_unknown(await self.ask(connector_, MIRA_X), "several people by that name")

    async def test_an_organisation_is_nobody(self, connector_, provider):
        """Its phone is not a person's."""
        provider.always = says(WITH_KEY | {"is_organization": True})
        answer = await self.ask(connector_)
        assert {finding.outcome for finding in answer.findings.values()} == {Outcome.ABSENT}

    async def test_what_nobody_made_public_is_not_on_record(self, connector_, provider):
        """The profile is there all the same."""
        provider.always = says({name: v for name, v in WITH_KEY.items() if name != "contact_info"})
        answer = await self.ask(connector_)
        assert answer.findings[Field.PHONE].reason == "nothing on record"
        assert answer.findings[Field.PROFILE].outcome is Outcome.FOUND
