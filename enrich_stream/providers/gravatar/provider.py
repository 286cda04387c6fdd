"""The calls to Gravatar."""

import hashlib
from typing import Any

from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding, Question
from enrich_stream.providers.client import Reply
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.findings import same_for_all, unanswered
from enrich_stream.providers.gravatar.answers import answer, one_person
from enrich_stream.providers.gravatar.shapes import Profile, Profiles

NOT_A_PERSON = "not the profile of a person"

_SERVICES = {IdentifierKind.X: "twitter", IdentifierKind.GITHUB: "github"}
_WITH_KEY = dict.fromkeys(
    (IdentifierKind.EMAIL, *_SERVICES), frozenset({Field.EMAIL, Field.PHONE, Field.PROFILE})
)
_WITHOUT_KEY = {IdentifierKind.EMAIL: frozenset({Field.PROFILE})}


class Gravatar(Connector):
    """Free; without a key it knows profiles only, by e-mail."""

    name = "gravatar"
    answers_at_once = True
    base_url = "https://api.gravatar.com/v3"
    needs_key = False
    limits = "1000/h"
    limits_without_key = "100/h"

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        self.answers = _WITH_KEY if settings.secret else _WITHOUT_KEY
        super().__init__(settings, clients)
        self._profiles = self.endpoint("profiles")

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """One call answers everything."""
        found = await self._find(question.identifier, question.deadline)
        if isinstance(found, Finding):
            return same_for_all(fields, found)
        if found.is_organization:
            return same_for_all(fields, Finding(Outcome.ABSENT, reason=NOT_A_PERSON))
        return answer(question.identifier, fields, found)

    async def check(self, deadline: float) -> Reply[Any]:
        """The services at which accounts can be proven."""
        path = "/verified-accounts/services"
        return await self.http.get(self._profiles, path, Any, deadline=deadline)

    async def _find(self, asked: Identifier, deadline: float) -> Profile | Finding:
        if asked.kind is IdentifierKind.EMAIL:
            path = f"/profiles/{hashlib.sha256(asked.value.encode()).hexdigest()}"
            reply = await self.http.get(self._profiles, path, Profile, deadline=deadline)
            return unanswered(reply) if reply.body is None else reply.body
        path = "/profiles/search/by-verified-account"
        params = {"username": asked.value, "service": _SERVICES[asked.kind]}
        several = await self.http.get(
            self._profiles, path, Profiles, deadline=deadline, params=params
        )
        return unanswered(several) if several.body is None else one_person(several.body)
