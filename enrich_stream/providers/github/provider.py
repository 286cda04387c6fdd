"""The calls to GitHub."""

import asyncio
from http import HTTPStatus
from typing import Any

from enrich_stream.person import Field, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding, Question
from enrich_stream.providers.client import CallOutcome, Dialect, Reply, Response
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.findings import same_for_all, unanswered
from enrich_stream.providers.github.answers import NO_SUCH_PERSON, answer, refusal
from enrich_stream.providers.github.shapes import GpgKey, Hits, SocialAccount, User

NOT_SEARCHED_WHOLLY = "could not search everywhere"

_TOO_OFTEN = {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}


def _judge(response: Response) -> CallOutcome | None:
    """Too many calls are refused with 403 as often as with 429; any other 403 is a ban."""
    if response.status not in _TOO_OFTEN:
        return None
    headers = response.headers
    is_limit = headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in headers
    if is_limit or "rate limit" in str(response.said().get("message")).lower():
        return CallOutcome.RATE_LIMITED
    return None


class GitHub(Connector):
    """Asked by username, or by an e-mail that somebody shows on the profile."""

    name = "github"
    answers_at_once = True
    base_url = "https://api.github.com"
    needs_key = False
    limits = "5000/h 900/min, search: 30/min"
    limits_without_key = "60/h, search: 10/min"
    dialect = Dialect(judge=_judge)
    answers = dict.fromkeys(
        (IdentifierKind.GITHUB, IdentifierKind.EMAIL), frozenset({Field.EMAIL, Field.PROFILE})
    )

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        super().__init__(settings, clients)
        self._core = self.endpoint("core")
        self._search = self.endpoint("search")

    def headers(self, key: str) -> dict[str, str]:
        """The version of the API, and the token."""
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return headers | ({"Authorization": f"Bearer {key}"} if key else {})

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """One call for the profile, one for keys, one for links; one before to find an e-mail."""
        login = await self._login(question)
        if isinstance(login, Finding):
            return same_for_all(fields, login)
        path, deadline = f"/users/{login}", question.deadline
        reply = await self.http.get(self._core, path, User, deadline=deadline)
        if reply.body is None:
            return same_for_all(fields, unanswered(reply))
        if finding := refusal(reply.body, question):
            return same_for_all(fields, finding)
        if Field.EMAIL not in fields:
            return answer(question, fields, reply.body)
        keys, links = await asyncio.gather(
            self.http.get(self._core, f"{path}/gpg_keys", list[GpgKey], deadline=deadline),
            self.http.get(
                self._core, f"{path}/social_accounts", list[SocialAccount], deadline=deadline
            ),
        )
        return answer(question, fields, reply.body, keys, links.body or [])

    async def check(self, deadline: float) -> Reply[Any]:
        """The state of the limits, which is free."""
        return await self.http.get(self._core, "/rate_limit", Any, deadline=deadline)

    async def _login(self, question: Question) -> str | Finding:
        asked = question.identifier
        if asked.kind is IdentifierKind.GITHUB:
            return asked.value
        params = {"q": f"{asked.value} in:email", "per_page": "1"}
        reply = await self.http.get(
            self._search, "/search/users", Hits, deadline=question.deadline, params=params
        )
        if reply.body is None:
            return unanswered(reply)
        if reply.body.items:
            return reply.body.items[0].login
        if reply.body.incomplete_results:
            return Finding(Outcome.UNKNOWN, reason=NOT_SEARCHED_WHOLLY)
        return Finding(Outcome.ABSENT, reason=NO_SUCH_PERSON)
