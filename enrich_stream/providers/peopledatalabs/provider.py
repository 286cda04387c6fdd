"""The call to People Data Labs."""

from typing import Any

from msgspec.structs import replace

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.providers.client import CallOutcome, Reply
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.findings import NOTHING_ON_RECORD, same_for_all, unanswered
from enrich_stream.providers.peopledatalabs.answers import answer
from enrich_stream.providers.peopledatalabs.shapes import Match, Person
from enrich_stream.providers.values import number

MIN_LIKELIHOOD = 6
"""Of 10. What matches less well is too often somebody else."""

_PROFILES = {
    IdentifierKind.LINKEDIN: "linkedin.com/in/",
    IdentifierKind.X: "twitter.com/",
    IdentifierKind.GITHUB: "github.com/",
}
_CONTACTS = {Field.EMAIL: "emails", Field.PHONE: "phone_numbers"}


class PeopleDataLabs(Connector):
    """Asked by any identifier; everything comes in one call."""

    name = "peopledatalabs"
    answers_at_once = True
    base_url = "https://api.peopledatalabs.com/v5"
    limits = "100/min"
    answers = dict.fromkeys(IdentifierKind, frozenset({Field.EMAIL, Field.PHONE, Field.PROFILE}))

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        super().__init__(settings, clients)
        self._enrich = self.endpoint("enrich")

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"X-Api-Key": key}

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """One call, charged when somebody is found who has some of what is asked for."""
        needed = [] if Field.PROFILE in fields else sorted(_CONTACTS[field] for field in fields)
        params = _params(question.identifier, needed)
        reply = await self._get(Match, params, question.deadline)
        spent = number(reply.headers.get("X-Call-Credits-Spent"))
        if reply.body is not None:
            return answer(question, fields, reply.body, spent)
        finding = unanswered(reply)
        if needed and reply.outcome is CallOutcome.NOT_FOUND:
            finding = replace(finding, reason=NOTHING_ON_RECORD)
        return same_for_all(fields, finding, cost=spent)

    async def check(self, deadline: float) -> Reply[Any]:
        """Somebody who is nobody: no match is free."""
        return await self._get(Any, {"email": "nobody@nowhere.invalid"}, deadline)

    async def _get(self, shape: Any, params: dict[str, str], deadline: float) -> Reply[Any]:
        return await self.http.get(
            self._enrich, "/person/enrich", shape, deadline=deadline, params=params
        )


def _params(asked: Identifier, needed: list[str]) -> dict[str, str]:
    if asked.kind is IdentifierKind.EMAIL:
        params = {"email": asked.value}
    else:
        params = {"profile": _PROFILES[asked.kind] + asked.value}
    if needed:
        params["required"] = " OR ".join(needed)
    return params | {
        "min_likelihood": str(MIN_LIKELIHOOD),
        "titlecase": "true",
        "data_include": ",".join(Person.__struct_fields__),
    }
