"""What a worker remembers of a person, up to this moment."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from recording import TOPICS
from samples import AT, LATER, a_job

from enrich_stream import clock
from enrich_stream.agents.recollection import Person, Recollection
from enrich_stream.enrichment import Enriched
from enrich_stream.memory import remember
from enrich_stream.person import Field, Outcome
from enrich_stream.records import EnrichedContact, Evidence, FieldResult, encode

PERSON = "email:mira@x.example"
CONTACTS = TP(TOPICS.contacts.name, 0)


def contact(place, value, at=AT):
    evidence = Evidence(value=value, provider="outside", verified=True)
    result = FieldResult(outcome=Outcome.FOUND, values=(evidence,), as_of=at)
    return EnrichedContact(
        version=1,
        id=f"op_1/{place:03d}",
        organisation="acme",
        identifier=PERSON,
        given={},
        outcome=Outcome.FOUND,
        person_known=True,
        fields={Field.EMAIL: result},
        trail=(),
        enriched_at=at,
    )


def event(offset, partition=0):
    return SimpleNamespace(message=SimpleNamespace(partition=partition, offset=offset))


class Consumer:
    """The edge: what Kafka says of the contacts topic."""

    def __init__(self, *, first=0, end=0, committed=None):
        self._first, self._end = first, end
        self._committed_offset = defaultdict(lambda: committed)

    async def highwaters(self, *partitions):
        return dict.fromkeys(partitions, self._end)

    async def earliest_offsets(self, *partitions):
        return dict.fromkeys(partitions, self._first)


def recollection(table=None, **kafka):
    topic = SimpleNamespace(get_topic_name=lambda: TOPICS.contacts.name)
    return Recollection(
        SimpleNamespace(consumer=Consumer(**kafka)), topic, {} if table is None else table
    )


def values(known):
    return [evidence.value for evidence in known.fields[Field.EMAIL].values]


async def has_ended(task):
    for _ in range(5):
        await asyncio.sleep(0)
    return task.done()


def test_a_contact_is_remembered_before_it_is_a_row():
    """Between its sending and its row a contact answers already."""
    memory = recollection()
    assert memory.recall(PERSON) is None

    memory.keep(contact(0, "mira@x.example"))

    assert values(memory.recall(PERSON)) == ["mira@x.example"]


def test_once_it_is_a_row_the_table_answers():
    """What is on the way is kept no longer than that; a newer contact on the way stays."""
    table = {}
    memory = recollection(table)
    older, newer = contact(0, "old@x.example"), contact(1, "new@x.example", LATER)
    memory.keep(older)
    memory.keep(newer)

    table[PERSON.encode()] = encode(remember(None, older))
    memory.has_row(older)
    assert values(memory.recall(PERSON)) == ["new@x.example"]

    memory.has_row(newer)
    assert values(memory.recall(PERSON)) == ["old@x.example"], "the row, as it stands"


async def test_after_a_take_over_the_contacts_on_their_topic_are_awaited():
    """Nobody is asked again about whom the worker before has asked and then died."""
    memory = recollection(end=3, committed=1)
    waiting = asyncio.create_task(memory.until_complete(0))
    memory.has_read(event(1))
    assert not await has_ended(waiting)

    memory.has_read(event(2))
    assert await has_ended(waiting)


@pytest.mark.parametrize(
    "kafka",
    [{"end": 0}, {"end": 3, "committed": 3}, {"first": 3, "end": 3}],
    ids=["nothing was ever there", "all was read", "retention has removed all"],
)
async def test_where_nothing_is_unread_nothing_is_awaited(kafka):
    """A partition without contacts to read must not hold up its tasks."""
    async with asyncio.timeout(5):
        await recollection(**kafka).until_complete(0)


async def test_how_far_the_group_was_may_become_known_later(monkeypatch):
    """Tasks may flow a moment before it is: then nothing more is read, and nobody must wait."""
    monkeypatch.setattr("enrich_stream.agents.recollection._LOOK_SECONDS", 0.01)
    memory = recollection(end=3)
    waiting = asyncio.create_task(memory.until_complete(0))
    assert not await has_ended(waiting)

    memory._app.consumer._committed_offset[CONTACTS] = 3

    async with asyncio.timeout(5):
        await waiting


async def test_a_kafka_that_cannot_say_is_asked_again(monkeypatch):
    """It is no fault of the task, which must not end among the dead letters for it."""
    monkeypatch.setattr("enrich_stream.agents.recollection._LOOK_SECONDS", 0.01)
    memory = recollection(end=0)
    fails = [TimeoutError(), KafkaConnectionError()]
    highwaters = memory._app.consumer.highwaters

    async def fails_twice(*partitions):
        if fails:
            raise fails.pop()
        return await highwaters(*partitions)

    memory._app.consumer.highwaters = fails_twice
    async with asyncio.timeout(5):
        await memory.until_complete(0)
    assert not fails


def test_a_row_that_cannot_be_read_is_as_good_as_none():
    """One of a newer version, after a step back: to ask again costs less than to stop."""
    row = encode(remember(None, contact(0, "mira@x.example")))
    memory = recollection({PERSON.encode(): row.replace(b'"version":1', b'"version":9')})

    assert memory.recall(PERSON) is None


async def test_with_its_partitions_everything_is_forgotten():
    """Others may write to them from now on: the next assignment asks Kafka again."""
    memory = recollection(end=1)
    memory.has_read(event(0))
    memory.keep(contact(0, "mira@x.example"))
    await memory.until_complete(0)

    memory.forget()

    assert memory.recall(PERSON) is None
    waiting = asyncio.create_task(memory.until_complete(0))
    assert not await has_ended(waiting)
    waiting.cancel()


def looked_up(result, job, *, is_limited=False):
    """A person about whom somebody has just been asked for ``job``."""
    enriched = Enriched(True, {Field.EMAIL: result}, (), is_limited=is_limited)
    return Person(job=job, enriched=enriched)


RESULT = contact(0, "mira@x.example").fields[Field.EMAIL]


@pytest.mark.parametrize(
    ("other", "shares"),
    [
        ({}, True),
        ({"max_age_seconds": 0}, True),
        ({"fields": (Field.EMAIL, Field.PHONE)}, False),
        ({"providers": ("endpoint",)}, False),
    ],
    ids=["the same", "of this moment", "more is wanted", "other providers"],
)
def test_who_waits_for_the_same_person_shares_the_answer_when_it_is_one_for_it(other, shares):
    """The question must have been the same one, or more."""
    person = looked_up(RESULT, a_job())

    assert bool(person.share(a_job(**other))) is shares


def test_an_answer_from_memory_may_be_too_old_for_who_waits():
    """The one before was content with what was remembered; this job is not."""
    old = clock.iso(clock.present() - timedelta(days=1))
    person = looked_up(msgspec.structs.replace(RESULT, as_of=old), a_job())

    assert person.share(a_job())
    assert person.share(a_job(max_age_seconds=3600)) is None


def test_an_answer_that_was_cut_short_is_shared_with_nobody():
    """The limits of one job are none of another's."""
    assert looked_up(RESULT, a_job(), is_limited=True).share(a_job()) is None
