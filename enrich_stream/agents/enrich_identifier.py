"""A task's persons are looked up; each becomes a result of its job and a public contact."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from faust.types import EventT, TopicT

from enrich_stream import clock, job
from enrich_stream.answer import item_answer
from enrich_stream.enrichment import Enriched, look_up
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


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and for how long.

    Attributes:
        item_concurrency: Persons looked up at once by this worker.
        item_deadline_seconds: How long one person may take.
        result_window_seconds: Persons of a task settled within this share a result record.
    """

    item_concurrency: int
    item_deadline_seconds: float
    result_window_seconds: float


class EnrichIdentifier:
    """Writes no table; writes the topics ``enrichment-results`` and ``enriched-contacts``."""

    def __init__(
        self, providers: Sequence[Provider], results: TopicT, contacts: TopicT, pace: Pace
    ) -> None:
        self._providers = providers
        self._results = results
        self._contacts = contacts
        self._pace = pace
        self._slots = asyncio.Semaphore(pace.item_concurrency)

    async def __call__(self, event: EventT[bytes]) -> None:
        """Look up the persons of a task side by side, sending what is settled as it settles."""
        tasks = decode(event.message.value, IdentifierTasks)
        partition = event.message.partition
        deliveries: list[Awaitable[Any]] = []
        pending = {asyncio.create_task(self._enrich(tasks.job, item)) for item in tasks.items}
        try:
            while pending:
                settled, pending = await asyncio.wait(
                    pending, timeout=self._pace.result_window_seconds
                )
                if settled:
                    done = [task.result() for task in settled]
                    deliveries += self._send(tasks.job, done, partition)
        finally:
            for task in pending:
                task.cancel()
        await asyncio.gather(*deliveries)

    async def _enrich(self, job_: Job, item: Item) -> tuple[Item, Enriched]:
        async with self._slots:
            deadline = asyncio.get_running_loop().time() + self._pace.item_deadline_seconds
            question = Question(
                identifier=Identifier.parse(item.identifier),
                fields=frozenset(job_.fields),
                deadline=deadline,
                signals_config=job_.signals_config,
            )
            return item, await look_up(question, self._providers)

    def _send(
        self, job_: Job, done: Sequence[tuple[Item, Enriched]], partition: int
    ) -> list[Awaitable[Any]]:
        results = IdentifierResults(
            version=VERSION, job=job_, items=tuple(_settled(*one) for one in done)
        )
        sent: list[Awaitable[Any]] = [
            self._results.send_soon(key=job_.id.encode(), value=encode(results))
        ]
        for item, enriched in done:
            contact = _contact(job_, item, enriched)
            # To the task's own partition: a person's tasks, contacts and memory stay together.
            sent.append(
                self._contacts.send_soon(
                    key=item.identifier.encode(), value=encode(contact), partition=partition
                )
            )
        return sent


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
