"""A provider of one's own: a phone book inside the company, asked by e-mail.

The package it is in registers it, and enrich-stream asks it from the next start on:

    [project.entry-points."enrich_stream.providers"]
    phonebook = "own_provider:make"
"""

from urllib.parse import quote

import msgspec

from enrich_stream.person import Field, IdentifierKind
from enrich_stream.providers.base import Answer, Provider, Question
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.findings import of_values, same_for_all, unanswered
from enrich_stream.providers.values import phone
from enrich_stream.settings import Settings, load_connector_settings


class Entry(msgspec.Struct):
    """What the phone book answers."""

    phone: str | None


class PhoneBook(Connector):
    """Knows a phone by an e-mail; 404 is nobody by that name, as everywhere."""

    name = "phonebook"
    base_url = "http://phonebook.internal"
    limits = "10/s"
    answers = dict.fromkeys((IdentifierKind.EMAIL,), frozenset({Field.PHONE}))

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"X-Api-Key": key}

    async def answer(self, question: Question, fields: frozenset[Field]) -> Answer:
        """One call."""
        path = f"/phones/{quote(question.identifier.value)}"
        reply = await self.http.get(
            self.endpoint("phones"), path, Entry, deadline=question.deadline
        )
        if reply.body is None:
            return same_for_all(fields, unanswered(reply))
        found = [phone(reply.body.phone, "phone book")] if reply.body.phone else []
        return same_for_all(fields, of_values(found))


def make(_settings: Settings, clients: HttpClients) -> Provider | None:
    """The provider, when ENRICH_PHONEBOOK_KEY is set or ENRICH_PHONEBOOK_ENABLED is true."""
    settings = load_connector_settings("phonebook")
    return PhoneBook(settings, clients) if settings.is_wanted else None
