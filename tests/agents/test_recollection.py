"""What a worker remembers of a person, up to this moment."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from recording import everybody_waits
from samples import AT, LATER, a_job

from enrich_stream import clock
from enrich_stream.agents.recollection import Person, Recollection
from enrich_stream.enrichment import Enriched
from enrich_stream.memory import remember
from enrich_stream.person import Field, Outcome
from enrich_stream.records import EnrichedContact, Evidence, FieldResult, encode

PERSON = "email:mira@x.example"


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


class Table(dict):
    """Rows, and all that was ever assigned."""

    def __init__(self):
        super().__init__()
        self.assigned = []

    def __setitem__(self, key, row):
        super().__setitem__(key, row)
        self.assigned.append((key, row))

    def take_deliveries(self):
        return ["the delivery"]


def values(known):
    return [evidence.value for evidence in known.fields[Field.EMAIL].values]


def test_what_was_found_out_a_moment_ago_is_known_at_once():
    """The next item of the same person must not ask again, however full the topics are."""
    memory = Recollection(Table())
    assert memory.recall(PERSON) is None

    memory.keep(contact(0, "mira@x.example"))

    assert values(memory.recall(PERSON)) == ["mira@x.example"]


def test_a_contact_is_added_to_what_is_known():
    """The newer answer counts, and the older one of another field stays."""
    memory = Recollection(Table())
    memory.keep(contact(0, "old@x.example"))
    memory.keep(contact(1, "new@x.example", LATER))

    assert values(memory.recall(PERSON)) == ["new@x.example"]


def test_a_contact_that_says_nothing_new_is_written_again():
    """After a crash the local row can be ahead of its changelog: a new assignment mends that."""
    table = Table()
    memory = Recollection(table)
    memory.keep(contact(0, "mira@x.example"))

    memory.keep(contact(0, "mira@x.example"))

    assert table.assigned == [(PERSON.encode(), table[PERSON.encode()])] * 2


def test_a_row_that_cannot_be_read_is_as_good_as_none():
    """One of a newer version, after a step back: to ask again costs less than to stop."""
    row = encode(remember(None, contact(0, "mira@x.example")))
    memory = Recollection({PERSON.encode(): row.replace(b'"version":1', b'"version":9')})

    assert memory.recall(PERSON) is None


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


async def test_a_look_up_that_was_handed_back_answers_its_own_job_only():
    """It keeps to that job's cap, and ends when that job is cancelled."""
    person, answered, asked = Person(), asyncio.Event(), []

    def look_up(job_id):
        async def ask():
            asked.append(job_id)
            await answered.wait()

        return ask

    handed_back = asyncio.create_task(person.ask(a_job(job_id="op_1"), look_up("op_1")))
    await everybody_waits()
    handed_back.cancel()
    await everybody_waits()
    other = asyncio.create_task(person.ask(a_job(job_id="op_2"), look_up("op_2")))
    await everybody_waits()

    assert asked == ["op_1", "op_2"]
    answered.set()
    await other
