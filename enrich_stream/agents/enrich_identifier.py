"""A task's persons are looked up; each becomes a result of its job and a public contact."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from faust.types import EventT

from enrich_stream import clock, metrics
from enrich_stream.agents.pace import Pace
from enrich_stream.agents.recollection import Recollection
from enrich_stream.allowance import Allowance
from enrich_stream.asking import Terms
from enrich_stream.cancellations import Cancellations
from enrich_stream.enrichment import NOTHING_SO_FAR, Enriched, Enrichment, Remembered
from enrich_stream.logs import bind_job
from enrich_stream.memory import fresh, recalled
from enrich_stream.options import still_answering
from enrich_stream.outbox import Delivery, Outbox, delivered, somebody_waits
from enrich_stream.person import Identifier, Outcome
from enrich_stream.providers.base import Question
from enrich_stream.publication import (
    PutBack,
    contact_of,
    put_back,
    results_of,
    settled_item,
    tasks_for_later,
)
from enrich_stream.records import (
    EnrichedContact,
    IdentifierTasks,
    Item,
    Job,
    SettledItem,
    decode,
    encode,
)
from enrich_stream.topics import Topics
from enrich_stream.waiting_room import WaitingRoom

WAITING_PART = 4
"""One in so many of those who are looked up may wait for a busy provider without being put back."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What the persons of a task record in hand have in common.

    Attributes:
        job: Their job.
        partition: Where the record came from.
        allowance: What may still be asked for them.
        put_back_until: When they end as they are, at the latest.
    """

    job: Job
    partition: int
    allowance: Allowance
    put_back_until: datetime


@dataclass(frozen=True, slots=True)
class _Settled:
    """An item with its outcome, and the deliveries of what is known of the person by it."""

    item: SettledItem
    deliveries: Sequence[Delivery]


_Ended = _Settled | PutBack | None
"""What became of an item; None when its job was cancelled before anybody was asked."""


class EnrichIdentifier:
    """Writes the topics of results, contacts and retries, and the table ``contacts``.

    The only agent that is busy with several persons of a record at once and writes a table: a
    person's row is read and written by the item whose turn it is, with no ``await`` between.
    """

    def __init__(
        self,
        enrichment: Enrichment,
        *,
        outbox: Outbox,
        topics: Topics,
        recollection: Recollection,
        cancellations: Cancellations,
        waiting_room: WaitingRoom,
        pace: Pace,
    ) -> None:
        self._enrichment = enrichment
        self._outbox = outbox
        self._topics = topics
        self._recollection = recollection
        self._cancellations = cancellations
        self._waiting_room = waiting_room
        self._pace = pace
        self._slots = asyncio.Semaphore(pace.item_concurrency)
        # Those who wait for a busy provider leave room for those who need it not.
        self._waiting_places = asyncio.Semaphore(max(1, pace.item_concurrency // WAITING_PART))
        self._allowances: WeakValueDictionary[tuple[str, int], Allowance] = WeakValueDictionary()

    async def __call__(self, event: EventT[bytes]) -> None:
        """Look up the persons of a task side by side, sending what is settled as it settles."""
        tasks = decode(event.message.value, IdentifierTasks)
        bind_job(tasks.job)
        somebody_waits.set(self._pace.somebody_waits)
        if tasks.not_before:
            await self._waiting_room.until(datetime.fromisoformat(tasks.not_before))
        task = self._task(tasks, event.message.partition)
        deliveries: list[Delivery] = []
        late: list[PutBack] = []
        async for ended in self._in_portions(task, tasks.items):
            settled = [one for one in ended if isinstance(one, _Settled)]
            late += [one for one in ended if isinstance(one, PutBack)]
            deliveries += [delivery for one in settled for delivery in one.deliveries]
            deliveries += self._send(tasks.job, [one.item for one in settled])
        if late:
            deliveries += self._put_back(task, tasks, late)
        await delivered(deliveries)

    def _task(self, tasks: IdentifierTasks, partition: int) -> _Task:
        # From when they are first looked up, for a batch may have waited long for its turn.
        until = clock.present() + timedelta(seconds=self._pace.job_deadline_seconds)
        if tasks.put_back_until:
            until = datetime.fromisoformat(tasks.put_back_until)
        return _Task(tasks.job, partition, self._allowance(tasks, partition), until)

    async def _in_portions(self, task: _Task, items: Sequence[Item]) -> AsyncIterator[list[_Ended]]:
        if len(items) == 1:  # at once, so that the result travels with what is remembered
            yield [await self._enrich(task, items[0])]
            return
        pending = {asyncio.create_task(self._enrich(task, item)) for item in items}
        try:
            while pending:
                # Nothing is looked at while nobody has ended: many records wait here at once.
                ended, pending = await asyncio.wait(pending, return_when="FIRST_COMPLETED")
                if pending:
                    more, pending = await asyncio.wait(
                        pending, timeout=self._pace.result_window_seconds
                    )
                    ended |= more
                yield [one.result() for one in ended]
        finally:
            for one in pending:
                one.cancel()

    def _allowance(self, tasks: IdentifierTasks, partition: int) -> Allowance:
        """What is left of the record's share; a repeat that is in hand beside it has the same."""
        job_id, left = tasks.job.id, tasks.max_provider_calls
        if left is not None:
            persons = {item.identifier for item in tasks.items}
            spent = sum(self._recollection.calls(tasks.job, person) for person in persons)
            left = max(0, left - spent)
        allowance = Allowance(left, lambda: job_id in self._cancellations)
        return self._allowances.setdefault((job_id, partition), allowance)

    async def _enrich(self, task: _Task, item: Item) -> _Ended:
        person = self._recollection.person(item.identifier)
        is_second = person.turn.locked()
        async with person.turn:
            await self._slots.acquire()
            try:
                if task.allowance.is_cancelled:
                    self._slots.release()
                    return None
                shared = person.share(task.job) if is_second else None
                enriched = shared or await person.ask(task.job, lambda: self._look_up(task, item))
                person.job, person.enriched = task.job, enriched
                retry_at = self._retry_at(task, enriched)
                if retry_at is not None:
                    self._slots.release()
                    return put_back(item, enriched, retry_at)
                calls = 0 if shared else self._enrichment.calls_in(enriched.trail)
                contact = contact_of(task.job, item, enriched, self._spent(task.job, item, calls))
                if self._slots.locked():  # others wait for the place of this one
                    somebody_waits.set(True)
                row, published = self._publish(contact, task.partition)
            except BaseException:
                self._slots.release()
                raise
        # Not before the memory is safe: so a kill costs no more calls again than there are slots.
        row.add_done_callback(self._release)
        return _Settled(settled_item(item, enriched), (row, published))

    async def _look_up(self, task: _Task, item: Item) -> Enriched:
        job_, now = task.job, asyncio.get_running_loop().time()
        question = Question(
            identifier=Identifier.parse(item.identifier),
            fields=frozenset(job_.fields),
            deadline=now + self._pace.item_deadline_seconds,
            signals_config=job_.signals_config,
            somebody_waits=self._pace.somebody_waits,
        )
        terms = Terms(
            allowance=task.allowance,
            chosen=job_.options.providers,
            put_back_until=0.0 if self._pace.somebody_waits else task.put_back_until.timestamp(),
            in_place_until=now + self._pace.in_place_seconds,
            waiting_places=self._waiting_places,
        )
        known = self._recollection.recall(item.identifier)
        remembered = Remembered(
            person_known=known is not None and known.person_known,
            fields=recalled(still_answering(fresh(known, self._pace.max_age), job_)),
        )
        with metrics.LOOK_UPS_UNDER_WAY.labels(job_.lane).track_inprogress():
            return await self._enrichment.look_up(
                question, remembered, terms, item.so_far or NOTHING_SO_FAR
            )

    def _retry_at(self, task: _Task, enriched: Enriched) -> float | None:
        """When to go on with a person, who then may have more; None to let it end as it is."""
        if self._pace.somebody_waits and enriched.outcome is Outcome.FOUND:
            return None
        retry_at, until = enriched.retry_at, task.put_back_until.timestamp()
        return retry_at if retry_at is not None and retry_at < until else None

    def _publish(self, contact: EnrichedContact, partition: int) -> tuple[Delivery, Delivery]:
        row = self._recollection.keep(contact)
        # To the task's own partition: a person's tasks, contacts and memory stay together.
        return row, self._outbox.put(
            self._topics.contacts, contact.identifier, encode(contact), partition=partition
        )

    def _spent(self, job_: Job, item: Item, calls: int) -> int:
        if job_.options.max_provider_calls is None:
            return 0
        return self._recollection.calls(job_, item.identifier) + calls

    def _release(self, _: Delivery) -> None:
        self._slots.release()

    def _send(self, job_: Job, settled: Sequence[SettledItem]) -> list[Delivery]:
        return [
            self._outbox.put(self._topics.results, job_.id, encode(record))
            for record in results_of(job_, settled)
        ]

    def _put_back(
        self, task: _Task, tasks: IdentifierTasks, late: Sequence[PutBack]
    ) -> list[Delivery]:
        until = clock.iso(task.put_back_until)
        records = tasks_for_later(tasks, late, until, task.allowance.left)
        return [
            self._outbox.put(
                self._topics.retries, task.job.id, encode(record), partition=task.partition
            )
            for record in records
        ]
