"""The provider github against what GitHub documents."""

import pytest
from contract import ConnectorContract
from fake_github import USER, FakeGitHub
from fake_provider import MIRA, MIRA_EMAIL, MIRA_GITHUB, MIRA_X, always
from loopback import says

from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.client import CallOutcome
from enrich_stream.providers.github import GitHub
from enrich_stream.verification.verdict import Verdict


class TestGitHub(ConnectorContract):
    """Its own, beside what all connectors do."""

    connector = GitHub
    fake = FakeGitHub
    asked = MIRA_GITHUB
    resets = (
        (lambda fake: fake.rate_limited(403, reset=9), 9),
        (lambda fake: fake.rate_limited(429, reset=9), 9),
        (lambda fake: fake.secondary_limit({"Retry-After": "4"}), 4),
    )

    async def test_e_mails_of_keys_are_verified(self, connector_):
        """Not those that are unproven, revoked, expired or no address; the profile's comes last."""
        answer = await self.ask(connector_)
        finding = answer.findings[Field.EMAIL]
        assert finding.outcome is Outcome.FOUND
        assert [(value.value, value.verified) for value in finding.values] == [
            ("mira.okafor@northwind.example", True),
            ("future@northwind.example", True),
            ("mira@northwind.example", False),
        ]
        assert finding.values[0].verification == "signing key"
        assert [value.verdict for value in finding.values] == [
            Verdict.VERIFIED,
            Verdict.VERIFIED,
            None,
        ]

    async def test_links_name_the_person_elsewhere(self, connector_):
        """The X handle, the accounts and the website; each once."""
        answer = await self.ask(connector_)
        assert answer.identities == (MIRA_X, MIRA)

    async def test_a_profile_is_one_call(self, connector_, provider):
        """Keys and links are asked for only when an e-mail is wanted."""
        answer = await self.ask(connector_, fields={Field.PROFILE})
        assert answer.findings[Field.PROFILE].values[0].value == {
            "name": "Mira Okafor",
            "headline": "VP Marketing at Northwind",
            "company": "northwind",
            "location": "London",
            "website": "https://www.linkedin.com/in/mira-okafor",
        }
        assert [request.path for request in provider.requests] == ["/users/mira-okafor"]

    async def test_somebody_is_found_by_the_e_mail_on_the_profile(self, connector_, provider):
        """And by no other, however much alike the search finds them."""
        answer = await self.ask(connector_, MIRA_EMAIL)
        assert answer.identities[0] == MIRA_GITHUB
        provider.users = {"mira-okafor": USER | {"email": "mira+other@northwind.example"}}
        provider.once = [
            says(
                {"total_count": 1, "incomplete_results": False, "items": [{"login": "Mira-Okafor"}]}
            )
        ]
        answer = await self.ask(connector_, MIRA_EMAIL)
        assert {finding.reason for finding in answer.findings.values()} == {"no such person"}

    async def test_a_search_that_was_cut_short_is_unknown(self, connector_, provider):
        """Who was not found may be where it did not look."""
        provider.always = says({"total_count": 0, "incomplete_results": True, "items": []})
        answer = await self.ask(connector_, MIRA_EMAIL)
        self.all_unknown(answer, "could not search everywhere")

    async def test_an_organisation_is_nobody(self, connector_):
        """Its addresses are not a person's."""
        answer = await self.ask(connector_, Identifier(IdentifierKind.GITHUB, "northwind"))
        assert {finding.outcome for finding in answer.findings.values()} == {Outcome.ABSENT}

    async def test_without_the_keys_the_e_mail_is_unknown(self, connector_, provider):
        """Not absent: a verified one may be there. What the profile shows is kept."""
        provider.once = [says(USER), *[says(status=500)] * 2]
        provider.always = says(status=500)
        answer = await self.ask(connector_)
        finding = answer.findings[Field.EMAIL]
        assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "had an error of its own")
        assert [value.value for value in finding.values] == ["mira@northwind.example"]
        assert answer.findings[Field.PROFILE].outcome is Outcome.FOUND

    async def test_without_a_token_it_works_and_asks_less(self, make, provider):
        """60 calls an hour: the 21st person, at three calls each, has to wait."""
        connector = await make(None)
        for _ in range(20):
            assert (await self.ask(connector)).person_known
        answer = await self.ask(connector)
        self.all_unknown(answer, "no room in its limits in time")
        assert len(provider.requests) == 60
        assert "Authorization" not in provider.requests[0].headers

    async def test_a_secondary_limit_without_headers_rests_for_a_minute(
        self, connector_, provider, clock
    ):
        """As GitHub asks; its message is all that tells it from a ban."""
        provider.always = always(provider.secondary_limit)
        answer = await self.ask(connector_)
        for finding in answer.findings.values():
            assert finding.reason == "rate limited"
            assert finding.retry_at == pytest.approx(clock.wall() + 60, abs=5)

    async def test_no_call_left_is_a_limit_whatever_the_message_says(self, connector_, provider):
        """Both ways of saying so are documented."""
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "600"}
        provider.always = says({"message": "Forbidden"}, 403, headers=headers)
        answer = await self.ask(connector_)
        assert {finding.reason for finding in answer.findings.values()} == {"rate limited"}

    async def test_another_403_parks_it(self, connector_, provider):
        """A token that may not, or an address that is banned."""
        provider.always = says({"message": "Resource not accessible"}, 403)
        await self.ask(connector_)
        assert connector_.condition.outcome is CallOutcome.BAD_KEY
