"""What the connectors to providers' APIs have in common."""

from collections.abc import Mapping
from typing import Any

from enrich_stream.person import Field, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.providers.client import Condition, Dialect, Endpoint, Reply, endpoint
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients


class Connector:
    """A provider behind an HTTP API; a subclass holds only what is particular to it.

    Attributes:
        name: As it stands in evidence, settings and metrics.
        base_url: Where its API is, when the operator does not say.
        needs_key: Whether it cannot be asked at all without one.
        limits: How often it may be called, in the notation of the settings, as it documents.
        limits_without_key: The same without a key.
        dialect: How it says what it has to say.
        answers: The fields it can answer, by the identifier it is asked by.
        http: Its connections.
        is_local: False, for asking it again costs time or money.
        answers_at_once: Whether one call answers all fields for the same price.
    """

    name: str
    base_url: str
    needs_key = True
    limits: str
    limits_without_key = ""
    dialect = Dialect()
    answers: Mapping[IdentifierKind, frozenset[Field]]
    is_local = False
    answers_at_once = False

    def __init__(self, settings: ConnectorSettings, clients: HttpClients) -> None:
        self.http = clients.client(
            self.name,
            settings,
            base_url=self.base_url,
            headers=self.headers(settings.secret),
            dialect=self.dialect,
        )
        documented = self.limits if settings.secret else self.limits_without_key or self.limits
        self._limits = settings.limits or documented

    def headers(self, key: str) -> dict[str, str]:
        """The headers of every request; the key is empty when there is none."""
        raise NotImplementedError

    def endpoint(self, name: str) -> Endpoint:
        """One kind of call, with the limits it has."""
        return endpoint(name, self._limits)

    @property
    def condition(self) -> Condition:
        """Whether it can be asked now, for operators to see."""
        return self.http.condition

    @property
    def parked(self) -> str | None:
        """Why it is not asked at the moment; None when it is."""
        return self.condition.reason or None

    async def start(self) -> None:
        """Opens the connections."""
        await self.http.start()

    async def stop(self) -> None:
        """Closes them."""
        await self.http.stop()

    async def ask(self, question: Question) -> Answer:
        """Answers what it can answer by that identifier; see ``Provider``."""
        fields = question.fields & self.answers.get(question.identifier.kind, frozenset())
        return await self.answer(question, fields) if fields else Answer(findings={})

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """Answers those of the fields asked for that it can; never none."""
        raise NotImplementedError

    async def check(self, deadline: float) -> Reply[Any] | None:
        """Asks something that is free and about nobody, to see whether it works.

        None when there is nothing like it: then a question about nobody is put to it.
        """
        del deadline
        return None
