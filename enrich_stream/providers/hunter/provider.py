"""The calls to Hunter."""

import asyncio
from typing import Any

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.providers.client import CallOutcome, Dialect, Reply
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.hunter.answers import found_answer, person_answer
from enrich_stream.providers.hunter.shapes import Finder, People
from enrich_stream.providers.hunter.verifier import HunterVerifier

_CONTACTS = frozenset({Field.EMAIL, Field.PHONE})


class Hunter(Connector):
    """Asked by LinkedIn profile; by e-mail it knows the person, and no other e-mail."""

    name = "hunter"
    answers_at_once = True
    base_url = "https://api.hunter.io/v2"
    limits = "15/s 500/min, verifier: 10/s 300/min"
    dialect = Dialect(
        statuses={403: CallOutcome.RATE_LIMITED, 429: CallOutcome.OUT_OF_CREDITS},
        # Which of its two windows is full, it does not say.
        wait_seconds=10.0,
    )
    answers = {  # noqa: RUF012 - as every connector declares it
        IdentifierKind.LINKEDIN: frozenset({Field.EMAIL, Field.PHONE, Field.PROFILE}),
        IdentifierKind.EMAIL: frozenset({Field.PHONE, Field.PROFILE}),
    }

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        super().__init__(settings, clients)
        self._finder = self.endpoint("finder")
        self._people = self.endpoint("people")
        self.verifier = HunterVerifier(self.http, self.endpoint("verifier"))
        # Hunter's own end of a search, from 3 to 20: it answers 202 then, which a time-out cannot.
        self._longest = str(min(max(3, int(settings.timeout_seconds) - 1), 20))

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"X-API-KEY": key}

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """The finder for an e-mail, which may bring a phone; the person for all the rest."""
        finds_email = Field.EMAIL in fields
        of_person = fields - (_CONTACTS if finds_email else frozenset())
        calls = []
        if finds_email:
            calls.append(self._find_email(question, fields & _CONTACTS))
        if of_person:
            calls.append(self._find_person(question, of_person))
        parts = await asyncio.gather(*calls)
        return Answer(
            findings={field: finding for part in parts for field, finding in part.findings.items()},
            person_known=any(part.person_known for part in parts),
            cost=sum(part.cost for part in parts),
            identities=tuple(dict.fromkeys(one for part in parts for one in part.identities)),
        )

    async def check(self, deadline: float) -> Reply[Any]:
        """The account, which is free."""
        return await self.http.get(self._people, "/account", Any, deadline=deadline)

    async def _find_email(self, question: Question, fields: frozenset[Field]) -> Answer:
        params = _named(question.identifier) | {"max_duration": self._longest}
        reply = await self.http.get(
            self._finder, "/email-finder", Finder, deadline=question.deadline, params=params
        )
        return found_answer(question.identifier, fields, reply)

    async def _find_person(self, question: Question, fields: frozenset[Field]) -> Answer:
        params = _named(question.identifier)
        reply = await self.http.get(
            self._people, "/people/find", People, deadline=question.deadline, params=params
        )
        return person_answer(question.identifier, fields, reply)


def _named(asked: Identifier) -> dict[str, str]:
    is_email = asked.kind is IdentifierKind.EMAIL
    return {"email" if is_email else "linkedin_handle": asked.value}
