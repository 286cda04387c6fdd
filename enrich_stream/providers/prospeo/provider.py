"""The call to Prospeo."""

from typing import Any

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.providers.client import CallOutcome, Dialect, Reply, Response
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.prospeo.answers import answer
from enrich_stream.providers.prospeo.shapes import Enriched
from enrich_stream.providers.values import linkedin_url

_CODES = {
    "NO_MATCH": CallOutcome.NOT_FOUND,
    "INSUFFICIENT_CREDITS": CallOutcome.OUT_OF_CREDITS,
    "INVALID_API_KEY": CallOutcome.BAD_KEY,
    "ACCOUNT_RESTRICTED": CallOutcome.BAD_KEY,
    "RATE_LIMITED": CallOutcome.RATE_LIMITED,
    "RATE_LIMIT_EXCEEDED": CallOutcome.RATE_LIMITED,
    "INVALID_DATAPOINTS": CallOutcome.BAD_INPUT,
    "INVALID_REQUEST": CallOutcome.BAD_INPUT,
    "INTERNAL_ERROR": CallOutcome.UPSTREAM_ERROR,
}
_WINDOWS = (
    ("X-Minute-Request-Left", "X-Minute-Reset-Seconds"),
    ("X-Daily-Request-Left", "X-Daily-Reset-Seconds"),
)


def _judge(response: Response) -> CallOutcome | None:
    said = response.said() if response.status in {200, 400, 401, 403, 429} else {}
    return _CODES.get(str(said.get("error_code"))) if said.get("error") is True else None


class Prospeo(Connector):
    """Asked by LinkedIn profile or work e-mail; everything comes in one call."""

    name = "prospeo"
    base_url = "https://api.prospeo.io"
    limits = "5/s 300/min 2000/day"
    dialect = Dialect(judge=_judge, windows=_WINDOWS)
    answers = dict.fromkeys(
        (IdentifierKind.LINKEDIN, IdentifierKind.EMAIL),
        frozenset({Field.EMAIL, Field.PHONE, Field.PROFILE}),
    )

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        super().__init__(settings, clients)
        self._enrich = self.endpoint("enrich")

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"X-KEY": key}

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """One call; a person who was found before is free."""
        asked = question.identifier
        content = {"enrich_mobile": Field.PHONE in fields, "data": _named(asked)}
        reply = await self.http.post(
            self._enrich, "/enrich-person", Enriched, deadline=question.deadline, content=content
        )
        return answer(asked, fields, reply)

    async def check(self, deadline: float) -> Reply[Any]:
        """The account, which is free."""
        account = self.endpoint("account")
        return await self.http.get(account, "/account-information", Any, deadline=deadline)


def _named(asked: Identifier) -> dict[str, str]:
    if asked.kind is IdentifierKind.EMAIL:
        return {"email": asked.value}
    return {"linkedin_url": linkedin_url(asked)}
