"""Enriched contacts become the memory of what is known of each person."""

import asyncio

from faust.types import EventT

from enrich_stream.memory import remember
from enrich_stream.records import EnrichedContact, RememberedContact, check_key, decode, encode
from enrich_stream.tables import DurableTable


class RememberContact:
    """Writes the table ``contacts``."""

    def __init__(self, contacts: DurableTable) -> None:
        self._contacts = contacts

    async def __call__(self, event: EventT[bytes]) -> None:
        """Fold one contact into what is remembered of the person."""
        contact = decode(event.message.value, EnrichedContact)
        check_key(event.message.key, contact.identifier)
        key = contact.identifier.encode()
        row = self._contacts.get(key)
        known = decode(row, RememberedContact) if row else None
        self._contacts[key] = encode(remember(known, contact))
        await asyncio.gather(*self._contacts.take_deliveries())
