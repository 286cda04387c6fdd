"""The dead-letter topic as operators use it: what lies in it, sent back or done with.

Kafka cannot delete from the middle of a topic. What was dealt with is written down on a topic of
its own, by nobody but this, and a letter leaves with its own topic's retention.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from enrich_stream import clock
from enrich_stream.dead_letters.letter import DeadLetter
from enrich_stream.errors import InputError, UnavailableError, UnreadableRecordError
from enrich_stream.records import VERSION, Record, decode, encode
from enrich_stream.topic_admin import check_topics
from enrich_stream.topics import MAX_DEAD_LETTER_BYTES, Topic, Topics

Action = Literal["replayed", "dropped"]

_TIMEOUT_MS = 10_000
_POLL_MS = 500


class HandledDeadLetter(Record, frozen=True, kw_only=True):
    """``enrichment-dead-letters-handled``, key the letter's id: it was dealt with.

    Attributes:
        action: How.
        at: When, ISO 8601, UTC, milliseconds.
        timestamp_ms: The letter's own, so that a mark of another life of the topic is not taken
            for one of this.
    """

    action: Action
    at: str
    timestamp_ms: int


class DeadLetterBox:
    """Reads, sends back and marks; see ``open_box``."""

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, topics: Topics
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topics = topics

    async def letters(self) -> AsyncIterator[DeadLetter]:
        """All that are on the topic now, also those that were dealt with."""
        async for record in self._records(self._topics.dead_letters):
            yield DeadLetter.of(record)

    async def letter(self, letter_id: str) -> DeadLetter:
        """The letter of that id; ``InputError`` when there is none."""
        place, offset = _place(self._topics.dead_letters, letter_id)
        first = await self._consumer.beginning_offsets([place])
        ends = await self._consumer.end_offsets([place])
        if not first[place] <= offset < ends[place]:
            raise InputError(f"there is no dead letter {letter_id}")
        self._consumer.assign([place])
        self._consumer.seek(place, offset)
        return DeadLetter.of(await self._consumer.getone(place))

    async def handled(self) -> "HandledLetters":
        """What was dealt with."""
        marks: dict[str, HandledDeadLetter] = {}
        async for record in self._records(self._topics.handled_dead_letters):
            with contextlib.suppress(UnreadableRecordError):  # of a newer version
                marks[(record.key or b"").decode()] = decode(record.value, HandledDeadLetter)
        return HandledLetters(marks)

    async def replay(self, letter: DeadLetter) -> None:
        """Send the record to the partition it was found on, as it was, and mark it."""
        origin = letter.return_address()
        if origin.topic not in {topic.name for topic in self._topics}:
            raise InputError(
                f"{letter.id} is from {origin.topic}, which is no topic of this service"
            )
        await self._producer.send_and_wait(
            origin.topic,
            letter.value,
            letter.key,
            partition=origin.partition,
            headers=letter.headers,
        )
        # Not before: a crash in between replays once more, and a repeat changes nothing.
        await self._mark(letter, "replayed")

    async def drop(self, letter: DeadLetter) -> None:
        """Mark it as done with; it stays on the topic until its retention."""
        await self._mark(letter, "dropped")

    async def _mark(self, letter: DeadLetter, action: Action) -> None:
        mark = HandledDeadLetter(
            version=VERSION, action=action, at=clock.now(), timestamp_ms=letter.timestamp_ms
        )
        await self._producer.send_and_wait(
            self._topics.handled_dead_letters.name, encode(mark), letter.id.encode()
        )

    async def _records(self, topic: Topic) -> AsyncIterator[ConsumerRecord]:
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        ends = await self._consumer.end_offsets(partitions)
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)
        while waiting := [p for p in partitions if await self._consumer.position(p) < ends[p]]:
            for records in (await self._consumer.getmany(*waiting, timeout_ms=_POLL_MS)).values():
                for record in records:
                    yield record


class HandledLetters:
    """Which letters were dealt with, and how."""

    def __init__(self, marks: Mapping[str, HandledDeadLetter]) -> None:
        self._marks = marks

    def mark(self, letter: DeadLetter) -> HandledDeadLetter | None:
        """What was done with a letter; None when it lies there still."""
        mark = self._marks.get(letter.id)
        return mark if mark and mark.timestamp_ms == letter.timestamp_ms else None


def _place(topic: Topic, letter_id: str) -> tuple[TopicPartition, int]:
    partition, _, offset = letter_id.partition("/")
    if not (partition.isdecimal() and offset.isdecimal() and int(partition) < topic.partitions):
        raise InputError(f"{letter_id} is no id of a dead letter, like 3/17")
    return TopicPartition(topic.name, int(partition)), int(offset)


@contextlib.asynccontextmanager
async def open_box(bootstrap_servers: str, topics: Topics) -> AsyncIterator[DeadLetterBox]:
    """Connect.

    Raises:
        UnavailableError: Kafka does not answer, now or while the block runs.
        SetupError: The topics do not match.
    """
    await check_topics(bootstrap_servers, topics)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=_TIMEOUT_MS,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        max_request_size=MAX_DEAD_LETTER_BYTES,
        request_timeout_ms=_TIMEOUT_MS,
    )
    try:
        await consumer.start()
        await producer.start()
        yield DeadLetterBox(consumer, producer, topics)
    except KafkaError as error:
        raise UnavailableError(
            f"Kafka at {bootstrap_servers} does not answer ({type(error).__name__})"
        ) from None
    finally:
        await producer.stop()
        await consumer.stop()
