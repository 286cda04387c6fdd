"""Enriched contacts become the memory of what is known of each person."""

import asyncio

from faust.types import EventT

from enrich_stream.agents.recollection import Recollection
from enrich_stream.memory import remember
from enrich_stream.records import EnrichedContact, RememberedContact, check_key, decode, encode
from enrich_stream.tables import DurableTable


class RememberContact:
    """Writes the table ``contacts``."""

    def __init__(self, contacts: DurableTable, recollection: Recollection) -> None:
        self._contacts = contacts
        self._recollection = recollection

    async def __call__(self, event: EventT[bytes]) -> None:
        """Fold one contact into what is remembered of the person."""
        try:
            self._fold(event)
        finally:
            self._recollection.has_read(event)
        await asyncio.gather(*self._contacts.take_deliveries())

    def _fold(self, event: EventT[bytes]) -> None:
        contact = decode(event.message.value, EnrichedContact)
        check_key(event.message.key, contact.identifier)
        key = contact.identifier.encode()
        row = self._contacts.get(key)
        known = decode(row, RememberedContact) if row else None
        self._contacts[key] = encode(remember(known, contact))
        self._recollection.has_row(contact)
