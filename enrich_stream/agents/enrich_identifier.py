"""A task's persons are looked up; each becomes a result of its job and a public contact."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from weakref import WeakValueDictionary

from faust.types import EventT, TopicT

from enrich_stream import clock, job
from enrich_stream.agents.recollection import Recollection
from enrich_stream.allowance import Allowance, calls_in
from enrich_stream.answer import item_answer
from enrich_stream.cancellations import Cancellations
from enrich_stream.enrichment import Enriched, Remembered, look_up
from enrich_stream.lease import Lease
from enrich_stream.logs import bind_job
from enrich_stream.memory import MaxAge, fresh
from enrich_stream.options import chosen, still_answering
from enrich_stream.person import Identifier
from enrich_stream.providers.base import Provider, Question
from enrich_stream.records import (
    VERSION,
    EnrichedContact,
    IdentifierResults,
    IdentifierTasks,
    Item,
    Job,
    SettledItem,
    decode,
    encode,
    raw,
)
from enrich_stream.settings import Settings
from enrich_stream.topics import MAX_RECORD_BYTES


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and for how long.

    Attributes:
        task_concurrency: Task records in hand at once.
        item_concurrency: Persons looked up at once by this worker.
        item_deadline_seconds: How long one person may take.
        result_window_seconds: Persons of a task settled within this share a result record.
        max_age: How long an earlier answer stands for asking again.
    """

    task_concurrency: int
    item_concurrency: int
    item_deadline_seconds: float
    result_window_seconds: float
    max_age: MaxAge

    @classmethod
    def of_batches(cls, settings: Settings) -> Self:
        """The pace of the lane of batches."""
        return cls(
            task_concurrency=settings.task_concurrency,
            item_concurrency=settings.item_concurrency,
            item_deadline_seconds=settings.item_deadline_seconds,
            result_window_seconds=settings.result_window_seconds,
            max_age=MaxAge.of(settings),
        )

    @classmethod
    def of_sync(cls, settings: Settings) -> Self:
        """The pace of the lane of those who wait: one person in each record."""
        at_once = settings.sync_concurrency
        return replace(cls.of_batches(settings), task_concurrency=at_once, item_concurrency=at_once)


class EnrichIdentifier:
    """Writes no table; writes the topics ``enrichment-results`` and ``enriched-contacts``."""

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        results: TopicT,
        contacts: TopicT,
        recollection: Recollection,
        cancellations: Cancellations,
        pace: Pace,
        lease: Lease,
    ) -> None:
        self._providers = providers
        self._results = results
        self._contacts = contacts
        self._recollection = recollection
        self._cancellations = cancellations
        self._pace = pace
        self._slots = asyncio.Semaphore(pace.item_concurrency)
        self._allowances: WeakValueDictionary[tuple[str, int], Allowance] = WeakValueDictionary()
        self._lease = lease

    async def __call__(self, event: EventT[bytes]) -> None:
        """Look up the persons of a task side by side, sending what is settled as it settles."""
        tasks = decode(event.message.value, IdentifierTasks)
        bind_job(tasks.job)
        partition = event.message.partition
        await self._recollection.until_complete(partition)
        deliveries: list[Awaitable[Any]] = []
        allowance = self._allowance(tasks, partition)
        pending = {
            asyncio.create_task(self._enrich(tasks.job, item, partition, allowance))
            for item in tasks.items
        }
        try:
            while pending:
                settled, pending = await asyncio.wait(
                    pending, timeout=self._pace.result_window_seconds
                )
                if done := [result for task in settled if (result := task.result())]:
                    deliveries += [delivery for _, delivery in done]
                    deliveries += self._send(tasks.job, [item for item, _ in done])
        finally:
            for task in pending:
                task.cancel()
        await asyncio.gather(*deliveries)

    def _allowance(self, tasks: IdentifierTasks, partition: int) -> Allowance:
        """What is left of the record's share; a repeat that is in hand beside it has the same."""
        job_id, left = tasks.job.id, tasks.max_provider_calls
        if left is not None:
            persons = {item.identifier for item in tasks.items}
            spent = sum(self._recollection.calls(tasks.job, person) for person in persons)
            left = max(0, left - spent)
        allowance = Allowance(left, lambda: job_id in self._cancellations)
        return self._allowances.setdefault((job_id, partition), allowance)

    async def _enrich(
        self, job_: Job, item: Item, partition: int, allowance: Allowance
    ) -> tuple[SettledItem, Awaitable[Any]] | None:
        """The settled item, and the delivery of the contact it is made from.

        None when the job was cancelled before anybody was asked: it ends without this item.
        """
        person = self._recollection.person(item.identifier)
        is_second = person.turn.locked()
        async with person.turn:
            await self._slots.acquire()
            if allowance.is_cancelled:
                self._slots.release()
                return None
            try:
                shared = person.share(job_) if is_second else None
                enriched = shared or await self._look_up(job_, item.identifier, allowance)
                person.job, person.enriched = job_, enriched
                calls = 0 if shared else calls_in(enriched.trail, self._providers)
                contact = _contact(job_, item, enriched, self._spent(job_, item, calls))
                self._lease.check()
                self._recollection.keep(contact)
                # To the task's own partition: a person's tasks, contacts and memory stay together.
                delivery = self._contacts.send_soon(
                    key=item.identifier.encode(), value=encode(contact), partition=partition
                )
            except BaseException:
                self._slots.release()
                raise
        # Not before: so a kill costs no more calls again than there are slots.
        delivery.add_done_callback(self._release)
        return _settled(item, enriched), delivery

    async def _look_up(self, job_: Job, identifier: str, allowance: Allowance) -> Enriched:
        question = Question(
            identifier=Identifier.parse(identifier),
            fields=frozenset(job_.fields),
            deadline=asyncio.get_running_loop().time() + self._pace.item_deadline_seconds,
            signals_config=job_.signals_config,
        )
        known = self._recollection.recall(identifier)
        remembered = Remembered(
            person_known=known is not None and known.person_known,
            fields=still_answering(fresh(known, self._pace.max_age), job_),
        )
        providers = chosen(self._providers, job_.options.providers)
        return await look_up(question, providers, remembered, allowance)

    def _spent(self, job_: Job, item: Item, calls: int) -> int:
        if job_.options.max_provider_calls is None:
            return 0
        return self._recollection.calls(job_, item.identifier) + calls

    def _release(self, _: Any) -> None:
        self._slots.release()

    def _send(self, job_: Job, settled: Sequence[SettledItem]) -> list[Awaitable[Any]]:
        return [
            self._results.send_soon(
                key=job_.id.encode(),
                value=encode(IdentifierResults(version=VERSION, job=job_, items=items)),
            )
            for items in _portions(settled)
        ]


def _portions(settled: Sequence[SettledItem]) -> Iterator[tuple[SettledItem, ...]]:
    """The items in records that are no larger than a record may be."""
    portion: list[SettledItem] = []
    size = 0
    for item in settled:
        weight = len(bytes(item.answer)) + len(bytes(item.evidence))
        if portion and size + weight > MAX_RECORD_BYTES // 2:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(item)
        size += weight
    yield tuple(portion)


def _settled(item: Item, enriched: Enriched) -> SettledItem:
    return SettledItem(
        index=item.index,
        outcome=enriched.outcome,
        answer=raw(item_answer(item.given, enriched)),
        evidence=raw({"fields": enriched.fields, "trail": enriched.trail}),
    )


def _contact(job_: Job, item: Item, enriched: Enriched, provider_calls: int) -> EnrichedContact:
    return EnrichedContact(
        version=VERSION,
        id=job.item_key(job_.id, item.index),
        organisation=job_.organisation,
        identifier=item.identifier,
        given=item.given,
        outcome=enriched.outcome,
        person_known=enriched.person_known,
        fields=dict(enriched.fields),
        trail=enriched.trail,
        enriched_at=clock.now(),
        providers=job_.options.providers,
        provider_calls=provider_calls,
    )
