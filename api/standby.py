"""The front door's standby: follows the tables' changelogs, answers reads, wakes who waits.

It assigns itself every partition and has no consumer group, so reads go on while workers
rebalance or are down. Beside the changelogs it follows the requests themselves: a job is known
from the moment Kafka has accepted it, whether or not a worker has seen it. So are the claims of
idempotency keys.
"""

import asyncio
import contextlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from api import metrics
from api.final_answer import FinalAnswer
from api.job_row import JobView
from api.job_store import JobStore
from enrich_stream.errors import StorageError, UnavailableError
from enrich_stream.job import Status
from enrich_stream.partitions import partition_of
from enrich_stream.records import IdempotencyKeyClaimed, Lane, RememberedContact
from enrich_stream.topics import Topics

log = structlog.get_logger(__name__)

POLL_MILLISECONDS = 200
RETRY_SECONDS = 1.0
MAX_BATCH = 5_000
"""Records applied at once: bounds how long the event loop stands still while catching up."""


def standby_consumer(bootstrap_servers: str) -> AIOKafkaConsumer:
    """The consumer a standby reads with; to be made within the running event loop."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        # Only for offsets that retention has removed; a first start seeks for itself.
        auto_offset_reset="earliest",
    )


class Standby:
    """Reads of jobs, from a local copy that trails Kafka by milliseconds."""

    def __init__(self, consumer: AIOKafkaConsumer, topics: Topics, store: JobStore) -> None:
        self._consumer = consumer
        self._topics = topics
        self._store = store
        self._positions: dict[TopicPartition, int] = {}
        self._applied = asyncio.Condition()
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._start_line: dict[TopicPartition, int] = {}
        self._is_catching_up = True
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._is_failing = False
        self.last_moment = math.inf
        """Of the event loop's time: nobody should wait for a job any longer."""

    async def start(self) -> None:
        """Take up reading where the local copy ends."""
        await self._consumer.start()
        partitions = self._partitions()
        self._start_line = await self._consumer.end_offsets(partitions)
        resume_points = self._resume_points(partitions)
        # Nothing is awaited in between, or the client would begin to look for offsets by itself.
        self._consumer.assign(partitions)
        for partition, offset in resume_points.items():
            self._consumer.seek(partition, offset)
        self._task = asyncio.create_task(self._follow())

    def dismiss(self, within_seconds: float) -> None:
        """Tell everyone who watches a job that the front door is about to stop."""
        self.last_moment = asyncio.get_running_loop().time() + within_seconds
        for job_id in self._watchers:
            self._wake(job_id)

    @property
    def is_dismissing(self) -> bool:
        """Whether the front door is about to stop."""
        return self.last_moment < math.inf

    async def stop(self) -> None:
        """Stop reading and close the copy."""
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()
        self._store.close()

    @property
    def has_caught_up(self) -> bool:
        """Whether everything that was there at the start has been read, and reading goes on."""
        following = self._task is not None and not self._task.done()
        return following and not self._is_failing and self._has_reached(self._start_line)

    def open_jobs(self, lane: Lane, organisation: str | None = None) -> int:
        """How many jobs of a lane have not ended; of one organisation, or of all."""
        return self._store.open_jobs(lane, organisation)

    def items_today(self, organisation: str) -> int:
        """How many items of an organisation were accepted since midnight, UTC."""
        return self._store.items_today(organisation)

    def view(self, job_id: str) -> JobView | None:
        """The job as far as this copy is; None when it has not heard of it."""
        return self._store.view(job_id)

    def joined_answers(self, view: JobView) -> bytes:
        """The answers of a job's settled items, as JSON, in the caller's order, between commas."""
        return self._store.joined_answers(view)

    def final_answer(self, job_id: str) -> FinalAnswer | None:
        """The answer about a job that has ended, if it was kept; see ``JobStore.keep``."""
        return self._store.final_answer(job_id)

    def keep(self, view: JobView, answer: FinalAnswer) -> None:
        """Keep the answer about a job for who reads it again."""
        self._store.keep(view, answer)

    def answers(self, job_id: str, indexes: Sequence[int] | None = None) -> list[bytes]:
        """The same one by one; all of them, or those of ``indexes``."""
        return self._store.answers(job_id, indexes)

    def evidence(self, job_id: str, indexes: Sequence[int] | None = None) -> list[bytes]:
        """The evidence of the same items."""
        return self._store.evidence(job_id, indexes)

    def places(
        self, organisation: str, status: Status | None, after: str | None, limit: int
    ) -> list[str]:
        """A page of an organisation's jobs, newest first; see ``JobStore.places``."""
        return self._store.places(organisation, status, after, limit)

    async def view_accepted(self, job_id: str, timeout_seconds: float) -> JobView | None:
        """The job, or None when Kafka has accepted no such job up to now.

        Until what was there at the start has been read, only jobs that have ended are shown: of
        the others this copy may know less than was shown before, by itself or by another.

        Raises:
            UnavailableError: That could not be told in time; it is not the same as no.
        """
        view = self.view(job_id)
        if view and (view.is_complete or self._has_reached(self._start_line)):
            return view
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._until_reached(self._start_line)
                if self.view(job_id) is None:
                    await self._catch_up(job_id)
        except (TimeoutError, KafkaError):
            raise UnavailableError("the standby has not caught up") from None
        return self.view(job_id)

    def claim(self, key: str) -> IdempotencyKeyClaimed | None:
        """The claim of an idempotency key that holds, as far as this copy is."""
        return self._store.claims.get(key)

    def remembered(self, identifier: str) -> RememberedContact | None:
        """What is remembered of a person, as far as this copy is and without the values."""
        return self._store.contacts.get(identifier)

    async def view_when(
        self, job_id: str, is_reached: Callable[[JobView], bool], timeout_seconds: float
    ) -> JobView | None:
        """The job once it is as far as asked; None when that takes longer."""
        with self.watch(job_id) as changed:
            try:
                async with asyncio.timeout(timeout_seconds):
                    while not ((view := self.view(job_id)) and is_reached(view)):
                        await changed.wait()
                        changed.clear()
            except TimeoutError:
                return None
        return view

    async def until_read(self, written: RecordMetadata, timeout_seconds: float) -> None:
        """Return once this copy has a record; ``UnavailableError`` when that takes too long."""
        end = {written.topic_partition: written.offset + 1}
        try:
            async with asyncio.timeout(timeout_seconds), self._applied:
                await self._applied.wait_for(lambda: self._has_reached(end))
        except TimeoutError:
            raise UnavailableError("the standby has not caught up") from None

    async def ends(self) -> Mapping[TopicPartition, int]:
        """Where each topic partition that is followed ends now, as Kafka says."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._partitions())
        return ends

    async def reaches(self, ends: Mapping[TopicPartition, int], timeout_seconds: float) -> bool:
        """Whether everything before ``ends`` is here, or will be in time."""
        try:
            async with asyncio.timeout(timeout_seconds), self._applied:
                await self._applied.wait_for(lambda: self._has_reached(ends))
        except TimeoutError:
            return False
        return True

    def records_behind(self, ends: Mapping[TopicPartition, int]) -> int:
        """How many records before ``ends`` are not here."""
        return sum(max(0, end - self._positions.get(p, 0)) for p, end in ends.items())

    @contextlib.contextmanager
    def watch(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something of the job changes."""
        changed = asyncio.Event()
        self._watchers[job_id].add(changed)
        try:
            yield changed
        finally:
            self._watchers[job_id].discard(changed)
            if not self._watchers[job_id]:
                del self._watchers[job_id]

    def _partitions(self) -> list[TopicPartition]:
        topics = self._topics
        followed = (
            topics.requests,
            topics.sync_requests,
            topics.idempotency_keys,
            topics.jobs_changelog,
            topics.job_items_changelog,
            topics.contacts_changelog,
        )
        return [TopicPartition(t.name, p) for t in followed for p in range(t.partitions)]

    def _resume_points(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        known = self._store.offsets()
        points = {p: known.get((p.topic, p.partition), 0) for p in partitions}
        if any(offset > self._start_line[p] for p, offset in points.items()):
            # The topics are younger than the copy: it is of another life of the cluster.
            log.warning("standby.discarded", why="it is ahead of Kafka: the topics were recreated")
            self._store.clear()
            return dict.fromkeys(partitions, 0)
        return points

    async def _follow(self) -> None:
        # A flag beside the cancellation, which a wait inside the client may swallow.
        while not self._is_stopping:
            try:
                records = await self._consumer.getmany(
                    timeout_ms=POLL_MILLISECONDS, max_records=MAX_BATCH
                )
                self._is_failing = not await self._take_in(records)
                await asyncio.sleep(0)  # who has been woken goes on before the books are kept
                await self._note_positions()
            except Exception as error:  # noqa: BLE001 - one that ended would look like one that waits
                log.warning("standby.interrupted", error=type(error).__name__)
                await asyncio.sleep(POLL_MILLISECONDS / 1000)

    async def _take_in(self, records: Mapping[TopicPartition, Sequence[Any]]) -> bool:
        """Write the records to the copy and wake who waits; False when that was not possible."""
        try:
            touched = self._apply(records)
        except Exception as error:  # noqa: BLE001 - the same
            # What could not be written is read again, until there is room. The text of another
            # error may quote a record; its type does not.
            reason = str(error) if isinstance(error, StorageError) else type(error).__name__
            log.error("standby.cannot_write", reason=reason)  # noqa: TRY400 - it says all
            self._is_failing = True
            for partition, batch in records.items():
                self._consumer.seek(partition, batch[0].offset)
            await asyncio.sleep(RETRY_SECONDS)
            return False
        for job_id in touched & self._watchers.keys():
            self._wake(job_id)
        return True

    def _wake(self, job_id: str) -> None:
        for changed in self._watchers[job_id]:
            changed.set()

    def _apply(self, records: Mapping[TopicPartition, Sequence[Any]]) -> set[str]:
        if self._is_catching_up and self._has_reached(self._start_line):
            self._store.end_catching_up()
            self._is_catching_up = False
        if not records:
            return set()
        metrics.STANDBY_RECORDS.inc(sum(map(len, records.values())))
        # A consumer record has what a change has; to copy a million of them takes a second.
        changes: dict[str, list[Any]] = defaultdict(list)
        for partition, batch in records.items():
            changes[partition.topic] += [record for record in batch if record.key]
        return self._store.apply(
            requests=[
                *changes[self._topics.requests.name],
                *changes[self._topics.sync_requests.name],
            ],
            headers=changes[self._topics.jobs_changelog.name],
            items=changes[self._topics.job_items_changelog.name],
            claims=changes[self._topics.idempotency_keys.name],
            contacts=changes[self._topics.contacts_changelog.name],
            offsets={(p.topic, p.partition): batch[-1].offset + 1 for p, batch in records.items()},
        )

    async def _note_positions(self) -> None:
        # The consumer's own position, for it also passes what compaction has left empty.
        for partition in self._start_line:
            self._positions[partition] = await self._consumer.position(partition)
        async with self._applied:
            self._applied.notify_all()

    async def _catch_up(self, job_id: str) -> None:
        accepting = (self._topics.requests, self._topics.sync_requests)
        ends = await self._consumer.end_offsets(
            [TopicPartition(t.name, partition_of(job_id, t.partitions)) for t in accepting]
        )
        await self._until_reached(ends)

    async def _until_reached(self, ends: Mapping[TopicPartition, int]) -> None:
        async with self._applied:
            await self._applied.wait_for(lambda: self._has_reached(ends))

    def _has_reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        return all(self._positions.get(p, -1) >= end for p, end in ends.items())
