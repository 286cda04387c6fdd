"""What a worker remembers of the persons on its partitions, so that nobody is asked about twice."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from msgspec.structs import replace

from enrich_stream.enrichment import Enriched
from enrich_stream.errors import UnreadableRecordError
from enrich_stream.memory import remember
from enrich_stream.options import ask_alike, is_young_enough
from enrich_stream.outbox import Delivery
from enrich_stream.records import EnrichedContact, Job, RememberedContact, decode, encode
from enrich_stream.tables import DurableTable

_KEPT_SECONDS = 60.0
"""Within this an item that was handed back comes again, if it does."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class Person:
    """Somebody who is being looked up, by one item at a time; the others wait for the answer.

    Attributes:
        turn: Held by the item that is looked up.
        job: The job of the item before.
        enriched: What came of it.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    job: Job | None = None
    enriched: Enriched | None = None
    _asking: tuple[Job, asyncio.Task[Enriched]] | None = None

    async def ask(
        self, job_: Job, look_up: Callable[[], Coroutine[Any, Any, Enriched]]
    ) -> Enriched:
        """What comes of looking the person up.

        A look-up goes on when its item is handed back, and answers the item when that comes again:
        a rebalance of others is no reason to pay twice.
        """
        before, self._asking = self._asking, None
        # Only that of the same job: it keeps to that job's cap, and ends with its cancellation.
        asking = before[1] if before and before[0].id == job_.id else None
        asking = asking or asyncio.create_task(look_up())
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            if not asking.cancelled():
                self._asking = (job_, asking)
                asyncio.get_running_loop().call_later(_KEPT_SECONDS, _let_go, self)
            raise

    def share(self, job_: Job) -> Enriched | None:
        """What the one before has found out a moment ago, when it answers this job too."""
        if self.job is None or self.enriched is None:
            return None
        if self.enriched.is_limited or not ask_alike(self.job, job_):
            return None
        fields = {
            name: result
            for name, result in self.enriched.fields.items()
            if name in job_.fields and is_young_enough(result, job_)
        }
        return replace(self.enriched, fields=fields) if len(fields) == len(job_.fields) else None


def _let_go(_: Person) -> None:
    """Until this is called nobody else need know the person."""


class Recollection:
    """Reads and writes the table ``contacts``; to be used from within the handling of an event."""

    def __init__(self, contacts: DurableTable) -> None:
        self._contacts = contacts
        self._persons: WeakValueDictionary[str, Person] = WeakValueDictionary()

    def person(self, identifier: str) -> Person:
        """The same object for everyone who is after the same person now."""
        return self._persons.setdefault(identifier, Person())

    def recall(self, identifier: str) -> RememberedContact | None:
        """All that is known of a person."""
        row = self._contacts.get(identifier.encode())
        try:
            return decode(row, RememberedContact) if row else None
        except UnreadableRecordError:  # of a newer version: to ask again costs less than to stop
            return None

    def calls(self, job_: Job, identifier: str) -> int:
        """How often a job with a cap has had providers asked for a person."""
        known = self.recall(identifier)
        return known.provider_calls.get(job_.id, 0) if known else 0

    def keep(self, contact: EnrichedContact) -> Delivery:
        """Remember a contact; the memory is safe once the delivery is done."""
        known = remember(self.recall(contact.identifier), contact)
        # Also when nothing is new: after a crash the local row can be ahead of its changelog.
        self._contacts[contact.identifier.encode()] = encode(known)
        (delivery,) = self._contacts.take_deliveries()
        return delivery
