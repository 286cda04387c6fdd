"""A task's persons are looked up; each becomes a result of its job and a public contact."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self
from weakref import WeakValueDictionary

from faust.types import EventT, TopicT

from enrich_stream import clock
from enrich_stream.agents.recollection import Recollection
from enrich_stream.allowance import Allowance
from enrich_stream.cancellations import Cancellations
from enrich_stream.enrichment import NOTHING_SO_FAR, Enriched, Enrichment, Remembered
from enrich_stream.lease import Lease
from enrich_stream.logs import bind_job
from enrich_stream.memory import MaxAge, fresh, recalled
from enrich_stream.options import still_answering
from enrich_stream.person import Identifier
from enrich_stream.providers.base import Question
from enrich_stream.publication import (
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
from enrich_stream.settings import Settings
from enrich_stream.waiting_room import WaitingRoom

_LEAST_WAIT_SECONDS = 1.0
"""Nobody is put back for less: coming again costs two records."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and for how long.

    Attributes:
        task_concurrency: Task records in hand at once.
        item_concurrency: Persons looked up at once by this worker.
        item_deadline_seconds: How long one person may take.
        result_window_seconds: Persons of a task settled within this share a result record.
        job_deadline_seconds: How long after the job's acceptance a person may still be put back.
        max_age: How long an earlier answer stands for asking again.
    """

    task_concurrency: int
    item_concurrency: int
    item_deadline_seconds: float
    result_window_seconds: float
    job_deadline_seconds: float
    max_age: MaxAge

    @classmethod
    def of_batches(cls, settings: Settings) -> Self:
        """The pace of the lane of batches."""
        return cls(
            task_concurrency=settings.task_concurrency,
            item_concurrency=settings.item_concurrency,
            item_deadline_seconds=settings.item_deadline_seconds,
            result_window_seconds=settings.result_window_seconds,
            job_deadline_seconds=settings.job_deadline_seconds,
            max_age=MaxAge.of(settings),
        )

    @classmethod
    def of_sync(cls, settings: Settings) -> Self:
        """The pace of the lane of those who wait: one person in each record."""
        at_once = settings.sync_concurrency
        return replace(cls.of_batches(settings), task_concurrency=at_once, item_concurrency=at_once)

    @classmethod
    def of_retries(cls, settings: Settings) -> Self:
        """The pace of those who were put back: many wait, and hold nothing while they do."""
        return replace(cls.of_batches(settings), task_concurrency=settings.waiting_retries)


@dataclass(frozen=True, slots=True)
class _Settled:
    """An item with its outcome, and the delivery of the contact it was made from."""

    item: SettledItem
    delivery: Awaitable[Any]


@dataclass(frozen=True, slots=True)
class _PutBack:
    """An item that is gone on with later, and when that may help in seconds since the epoch."""

    item: Item
    retry_at: float


_Ended = _Settled | _PutBack | None
"""What became of an item; None when its job was cancelled before anybody was asked."""


class EnrichIdentifier:
    """Writes no table; writes the topics of results, contacts and retries."""

    def __init__(
        self,
        enrichment: Enrichment,
        *,
        results: TopicT,
        contacts: TopicT,
        retries: TopicT,
        recollection: Recollection,
        cancellations: Cancellations,
        waiting_room: WaitingRoom,
        pace: Pace,
        lease: Lease,
    ) -> None:
        self._enrichment = enrichment
        self._results = results
        self._contacts = contacts
        self._retries = retries
        self._recollection = recollection
        self._cancellations = cancellations
        self._waiting_room = waiting_room
        self._pace = pace
        self._slots = asyncio.Semaphore(pace.item_concurrency)
        self._allowances: WeakValueDictionary[tuple[str, int], Allowance] = WeakValueDictionary()
        self._lease = lease

    async def __call__(self, event: EventT[bytes]) -> None:
        """Look up the persons of a task side by side, sending what is settled as it settles."""
        tasks = decode(event.message.value, IdentifierTasks)
        bind_job(tasks.job)
        partition = event.message.partition
        if tasks.not_before:
            await self._waiting_room.until(datetime.fromisoformat(tasks.not_before))
        await self._recollection.until_complete(partition)
        allowance = self._allowance(tasks, partition)
        deliveries: list[Awaitable[Any]] = []
        late: list[_PutBack] = []
        async for ended in self._in_portions(tasks, partition, allowance):
            settled = [one for one in ended if isinstance(one, _Settled)]
            late += [one for one in ended if isinstance(one, _PutBack)]
            deliveries += [one.delivery for one in settled]
            deliveries += self._send(tasks.job, [one.item for one in settled])
        if late:
            deliveries.append(self._put_back(tasks, late, partition, allowance))
        await asyncio.gather(*deliveries)

    async def _in_portions(
        self, tasks: IdentifierTasks, partition: int, allowance: Allowance
    ) -> AsyncIterator[list[_Ended]]:
        pending = {
            asyncio.create_task(self._enrich(tasks.job, item, partition, allowance))
            for item in tasks.items
        }
        try:
            while pending:
                ended, pending = await asyncio.wait(
                    pending, timeout=self._pace.result_window_seconds
                )
                if ended:
                    yield [task.result() for task in ended]
        finally:
            for task in pending:
                task.cancel()

    def _allowance(self, tasks: IdentifierTasks, partition: int) -> Allowance:
        """What is left of the record's share; a repeat that is in hand beside it has the same."""
        job_id, left = tasks.job.id, tasks.max_provider_calls
        if left is not None:
            persons = {item.identifier for item in tasks.items}
            spent = sum(self._recollection.calls(tasks.job, person) for person in persons)
            left = max(0, left - spent)
        allowance = Allowance(left, lambda: job_id in self._cancellations)
        return self._allowances.setdefault((job_id, partition), allowance)

    async def _enrich(self, job_: Job, item: Item, partition: int, allowance: Allowance) -> _Ended:
        person = self._recollection.person(item.identifier)
        is_second = person.turn.locked()
        async with person.turn:
            await self._slots.acquire()
            try:
                if allowance.is_cancelled:
                    self._slots.release()
                    return None
                shared = person.share(job_) if is_second else None
                enriched = shared or await self._look_up(job_, item, allowance)
                person.job, person.enriched = job_, enriched
                if enriched.retry_at is not None and self._is_in_time(job_, enriched.retry_at):
                    self._slots.release()
                    return _PutBack(put_back(item, enriched), enriched.retry_at)
                calls = 0 if shared else self._enrichment.calls_in(enriched.trail)
                contact = contact_of(job_, item, enriched, self._spent(job_, item, calls))
                delivery = self._publish(contact, partition)
            except BaseException:
                self._slots.release()
                raise
        # Not before: so a kill costs no more calls again than there are slots.
        delivery.add_done_callback(self._release)
        return _Settled(settled_item(item, enriched), delivery)

    async def _look_up(self, job_: Job, item: Item, allowance: Allowance) -> Enriched:
        question = Question(
            identifier=Identifier.parse(item.identifier),
            fields=frozenset(job_.fields),
            deadline=asyncio.get_running_loop().time() + self._pace.item_deadline_seconds,
            signals_config=job_.signals_config,
        )
        known = self._recollection.recall(item.identifier)
        remembered = Remembered(
            person_known=known is not None and known.person_known,
            fields=recalled(still_answering(fresh(known, self._pace.max_age), job_)),
        )
        return await self._enrichment.look_up(
            question,
            remembered,
            allowance,
            chosen=job_.options.providers,
            so_far=item.so_far or NOTHING_SO_FAR,
        )

    def _is_in_time(self, job_: Job, retry_at: float) -> bool:
        accepted = datetime.fromisoformat(job_.accepted_at).timestamp()
        return retry_at < accepted + self._pace.job_deadline_seconds

    def _publish(self, contact: EnrichedContact, partition: int) -> "asyncio.Future[Any]":
        self._lease.check()
        self._recollection.keep(contact)
        # To the task's own partition: a person's tasks, contacts and memory stay together.
        return self._contacts.send_soon(
            key=contact.identifier.encode(), value=encode(contact), partition=partition
        )

    def _spent(self, job_: Job, item: Item, calls: int) -> int:
        if job_.options.max_provider_calls is None:
            return 0
        return self._recollection.calls(job_, item.identifier) + calls

    def _release(self, _: Any) -> None:
        self._slots.release()

    def _send(self, job_: Job, settled: Sequence[SettledItem]) -> list[Awaitable[Any]]:
        return [
            self._results.send_soon(key=job_.id.encode(), value=encode(record))
            for record in results_of(job_, settled)
        ]

    def _put_back(
        self,
        tasks: IdentifierTasks,
        late: Sequence[_PutBack],
        partition: int,
        allowance: Allowance,
    ) -> Awaitable[Any]:
        """One record for all, so that what is left of the job's cap is not given twice."""
        earliest = min(one.retry_at for one in late)
        soonest = clock.present().timestamp() + _LEAST_WAIT_SECONDS
        not_before = clock.iso(datetime.fromtimestamp(max(earliest, soonest), UTC))
        record = tasks_for_later(tasks, [one.item for one in late], not_before, allowance.left)
        return self._retries.send_soon(
            key=tasks.job.id.encode(), value=encode(record), partition=partition
        )
