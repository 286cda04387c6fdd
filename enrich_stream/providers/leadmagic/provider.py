"""The calls to LeadMagic."""

import asyncio
from typing import Any

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.providers.client import Dialect, Reply
from enrich_stream.providers.client.resets import WINDOWS
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.leadmagic.answers import Body, finding
from enrich_stream.providers.leadmagic.shapes import Mobile, Profile, ProfileEmail
from enrich_stream.providers.leadmagic.verifier import LeadMagicVerifier
from enrich_stream.providers.values import linkedin_url

_CALLS: dict[Field, tuple[str, str, type[Body]]] = {
    Field.EMAIL: ("email", "/v1/people/b2b-profile-email", ProfileEmail),
    Field.PHONE: ("mobile", "/v1/people/mobile-finder", Mobile),
    Field.PROFILE: ("profile", "/v1/people/profile-search", Profile),
}
"""For each field its endpoint, path and answer."""

_DAILY = ("X-RateLimit-Remaining-Daily", "X-RateLimit-Reset-Daily")


class LeadMagic(Connector):
    """Asked by LinkedIn profile; by e-mail it knows the mobile."""

    name = "leadmagic"
    base_url = "https://api.leadmagic.io"
    limits = "3000/min, profile: 500/min"
    dialect = Dialect(windows=(*WINDOWS, _DAILY))
    answers = {  # noqa: RUF012 - as every connector declares it
        IdentifierKind.LINKEDIN: frozenset(_CALLS),
        IdentifierKind.EMAIL: frozenset({Field.PHONE}),
    }

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        super().__init__(settings, clients)
        self.verifier = LeadMagicVerifier(self.http, self.endpoint("verifier"))

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"X-API-Key": key}

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """Each field is a call of its own; they are made at the same time."""
        replies = await asyncio.gather(*(self._call(field, question) for field in fields))
        bodies = [reply.body for reply in replies if reply.body is not None]
        findings = dict(zip(fields, map(finding, replies), strict=True))
        return Answer(
            findings=findings,
            person_known=any(one.values for one in findings.values()),
            cost=sum(body.credits_consumed for body in bodies),
        )

    async def check(self, deadline: float) -> Reply[Any]:
        """The credits left, which is free."""
        return await self.http.get(self.endpoint("credits"), "/v1/credits", Any, deadline=deadline)

    async def _call(self, field: Field, question: Question) -> Reply[Body]:
        name, path, shape = _CALLS[field]
        return await self.http.post(
            self.endpoint(name),
            path,
            shape,
            deadline=question.deadline,
            content=_named(question.identifier),
        )


def _named(asked: Identifier) -> dict[str, str]:
    if asked.kind is IdentifierKind.EMAIL:
        return {"work_email": asked.value}
    return {"profile_url": linkedin_url(asked)}
