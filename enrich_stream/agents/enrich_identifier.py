"""A task's persons are looked up; each becomes a result of its job and a public contact."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from faust.types import EventT, TopicT

from enrich_stream import clock, job
from enrich_stream.agents.recollection import Recollection
from enrich_stream.answer import item_answer
from enrich_stream.enrichment import Enriched, Remembered, look_up
from enrich_stream.lease import Lease
from enrich_stream.logs import bind_job
from enrich_stream.memory import MaxAge, fresh
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
        pace: Pace,
        lease: Lease,
    ) -> None:
        self._providers = providers
        self._results = results
        self._contacts = contacts
        self._recollection = recollection
        self._pace = pace
        self._slots = asyncio.Semaphore(pace.item_concurrency)
        self._lease = lease

    async def __call__(self, event: EventT[bytes]) -> None:
        """Look up the persons of a task side by side, sending what is settled as it settles."""
        tasks = decode(event.message.value, IdentifierTasks)
        bind_job(tasks.job)
        partition = event.message.partition
        await self._recollection.until_complete(partition)
        deliveries: list[Awaitable[Any]] = []
        pending = {
            asyncio.create_task(self._enrich(tasks.job, item, partition)) for item in tasks.items
        }
        try:
            while pending:
                settled, pending = await asyncio.wait(
                    pending, timeout=self._pace.result_window_seconds
                )
                if settled:
                    done = [task.result() for task in settled]
                    deliveries += [delivery for _, delivery in done]
                    deliveries += self._send(tasks.job, [item for item, _ in done])
        finally:
            for task in pending:
                task.cancel()
        await asyncio.gather(*deliveries)

    async def _enrich(
        self, job_: Job, item: Item, partition: int
    ) -> tuple[SettledItem, Awaitable[Any]]:
        """The settled item, and the delivery of the contact it is made from."""
        person = self._recollection.person(item.identifier)
        is_second = person.turn.locked()
        async with person.turn:
            await self._slots.acquire()
            try:
                enriched = person.share(job_) if is_second else None
                enriched = enriched or await person.ask(
                    job_, lambda: self._look_up(job_, item.identifier)
                )
                person.job, person.enriched = job_, enriched
                contact = _contact(job_, item, enriched)
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

    async def _look_up(self, job_: Job, identifier: str) -> Enriched:
        question = Question(
            identifier=Identifier.parse(identifier),
            fields=frozenset(job_.fields),
            deadline=asyncio.get_running_loop().time() + self._pace.item_deadline_seconds,
            signals_config=job_.signals_config,
        )
        known = self._recollection.recall(identifier)
        remembered = Remembered(
            person_known=known is not None and known.person_known,
            fields=fresh(known, self._pace.max_age),
        )
        return await look_up(question, self._providers, remembered)

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


def _contact(job_: Job, item: Item, enriched: Enriched) -> EnrichedContact:
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
    )
