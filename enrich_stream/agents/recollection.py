"""What a worker remembers of the persons on its partitions, up to this moment.

The table ``contacts`` trails the looking up: a contact goes to its topic, comes back through
``remember_contact`` and becomes a row. Here the row and what is still on that way are seen as
one, so that nobody is asked twice about the same person.
"""

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

import structlog
from faust.types import TP, AppT, EventT, TopicT

from enrich_stream.enrichment import Enriched
from enrich_stream.errors import UnreadableRecordError
from enrich_stream.memory import remember
from enrich_stream.options import ask_alike, is_young_enough
from enrich_stream.records import EnrichedContact, Job, RememberedContact, decode
from enrich_stream.tables import DurableTable

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0


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


class Recollection:
    """Reads the table ``contacts``; to be used from within the handling of an event."""

    def __init__(self, app: AppT, contacts: TopicT, table: DurableTable) -> None:
        self._app = app
        self._topic = contacts.get_topic_name()
        self._table = table
        self._on_the_way: dict[str, tuple[str, RememberedContact]] = {}
        self._read: defaultdict[int, int] = defaultdict(int)
        self._ends: dict[int, asyncio.Task[int]] = {}
        self._progress = asyncio.Event()
        self._assignment = 0
        self._persons: WeakValueDictionary[str, Person] = WeakValueDictionary()

    def person(self, identifier: str) -> Person:
        """The same object for everyone who is after the same person now."""
        return self._persons.setdefault(identifier, Person())

    async def until_complete(self, partition: int) -> None:
        """Wait until every contact is in the table that was on its topic at the take-over.

        What a worker that died had found out is there, and must not be asked for again.
        """
        assignment = self._assignment
        if partition not in self._ends:
            self._ends[partition] = asyncio.create_task(self._end(partition))
        end = await asyncio.shield(self._ends[partition])
        while self._reached(partition) < end:
            self._progress.clear()
            # Not only when something is read: how far the group was may become known later.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._progress.wait()
            if assignment != self._assignment:  # nothing more will be read here
                raise asyncio.CancelledError

    def recall(self, identifier: str) -> RememberedContact | None:
        """All that is known of a person."""
        if identifier in self._on_the_way:
            return self._on_the_way[identifier][1]
        row = self._table.get(identifier.encode())
        try:
            return decode(row, RememberedContact) if row else None
        except UnreadableRecordError:  # of a newer version: to ask again costs less than to stop
            return None

    def calls(self, job_: Job, identifier: str) -> int:
        """How often a job with a cap has had providers asked for a person."""
        known = self.recall(identifier)
        return known.provider_calls.get(job_.id, 0) if known else 0

    def keep(self, contact: EnrichedContact) -> None:
        """Remember a contact that is on its way to the table."""
        known = remember(self.recall(contact.identifier), contact)
        self._on_the_way[contact.identifier] = (contact.id, known)

    def has_row(self, contact: EnrichedContact) -> None:
        """The contact is in the table now."""
        newest, _ = self._on_the_way.get(contact.identifier, ("", None))
        if newest == contact.id:
            del self._on_the_way[contact.identifier]

    def has_read(self, event: EventT[bytes]) -> None:
        """The contacts up to this record have been dealt with."""
        self._read[event.message.partition] = event.message.offset + 1
        self._progress.set()

    def forget(self) -> None:
        """The partitions are given up: others may write to them from now on."""
        self._assignment += 1
        self._progress.set()
        for end in self._ends.values():
            end.cancel()
        self._ends.clear()
        self._on_the_way.clear()
        self._read.clear()

    def _reached(self, partition: int) -> int:
        """The offset up to which everything has been dealt with, here or by who was before."""
        contacts = TP(self._topic, partition)
        committed = self._app.consumer._committed_offset[contacts] or 0  # type: ignore[attr-defined]  # noqa: SLF001 - nothing public says where it took up reading
        return max(committed, self._read[partition])

    async def _end(self, partition: int) -> int:
        """The offset behind the last record that is there; 0 when there is none."""
        contacts = TP(self._topic, partition)
        consumer = self._app.consumer
        while True:
            try:
                end = (await consumer.highwaters(contacts))[contacts]
                first = (await consumer.earliest_offsets(contacts))[contacts]
            except Exception as error:  # noqa: BLE001 - whatever it is, it is no fault of the task
                log.warning("recollection.waits_for_kafka", error=type(error).__name__)
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                return 0 if (first or 0) >= end else end
