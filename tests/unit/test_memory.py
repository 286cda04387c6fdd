"""What is remembered of a person."""

import itertools
from datetime import datetime, timedelta

import msgspec
import pytest
from samples import AT, LATER

from enrich_stream.memory import MaxAge, fresh, remember
from enrich_stream.person import Field, Outcome
from enrich_stream.records import EnrichedContact, Evidence, FieldResult


def contact(outcome, at, value=None, field=Field.EMAIL):
    values = (Evidence(value=value, provider="crm", verified=True),) if value else ()
    return EnrichedContact(
        version=1,
        id="op_1/000",
        organisation="acme",
        identifier="email:mira@x.example",
        given={},
        outcome=outcome,
        person_known=outcome is Outcome.FOUND,
        fields={field: FieldResult(outcome=outcome, values=values, as_of=at)},
        trail=(),
        enriched_at=at,
    )


def test_the_newest_answer_stays_whatever_the_order():
    """Contacts that come late or twice do not bring an older answer back."""
    contacts = [
        contact(Outcome.FOUND, AT, "old@x.example"),
        contact(Outcome.FOUND, LATER, "new@x.example"),
        contact(Outcome.FOUND, AT, "+14155550132", Field.PHONE),
    ]
    ends = []
    for order in itertools.permutations([*contacts, contacts[0]]):
        known = None
        for one in order:
            known = remember(known, one)
        ends.append(known)

    assert all(end == ends[0] for end in ends)
    assert ends[0].fields[Field.EMAIL].values[0].value == "new@x.example"
    assert ends[0].fields[Field.PHONE].values[0].value == "+14155550132"


def test_that_nobody_could_be_asked_is_not_remembered():
    """Unknown leaves what was known before, and is no memory by itself."""
    known = remember(None, contact(Outcome.FOUND, AT, "mira@x.example"))

    assert remember(known, contact(Outcome.UNKNOWN, LATER)) == known
    assert remember(None, contact(Outcome.UNKNOWN, AT)).fields == {}


def test_signals_are_not_remembered():
    """They are of their day, and of what that caller wanted of them."""
    said = contact(Outcome.FOUND, AT, {"posts": []}, Field.SIGNALS)

    assert remember(None, said).fields == {}


@pytest.mark.parametrize(
    ("outcome", "days", "answers"),
    [
        (Outcome.FOUND, 29, True),
        (Outcome.FOUND, 31, False),
        (Outcome.ABSENT, 6, True),
        (Outcome.ABSENT, 8, False),
    ],
)
def test_each_outcome_answers_for_its_own_time(monkeypatch, outcome, days, answers):
    """A no is believed for a shorter time than a value; both end."""
    known = remember(None, contact(outcome, AT, "a@x.example" if outcome == "found" else None))
    at = datetime.fromisoformat(AT) + timedelta(days=days)
    monkeypatch.setattr("enrich_stream.clock.present", lambda: at)

    answer = fresh(known, MaxAge(found=timedelta(days=30), absent=timedelta(days=7)))

    assert bool(answer) is answers


def test_nothing_known_answers_nothing():
    """A person nobody has asked about has no memory."""
    assert fresh(None, MaxAge(found=timedelta(1), absent=timedelta(1))) == {}


def test_what_jobs_with_a_cap_have_spent_is_known_whatever_the_order():
    """The highest count of each of the latest jobs; a contact without a cap counts nothing."""
    spent = [("op_1/000", 1), ("op_1/007", 3), ("op_2/000", 2), ("op_3/000", 0)]
    contacts = [
        msgspec.structs.replace(contact(Outcome.UNKNOWN, AT), id=item, provider_calls=calls)
        for item, calls in spent
    ]
    for order in itertools.permutations(contacts):
        known = None
        for one in order:
            known = remember(known, one)
        assert known.provider_calls == {"op_1": 3, "op_2": 2}


def test_only_the_latest_jobs_with_a_cap_are_remembered():
    """A person who is looked up again and again does not make its row grow."""
    known = None
    for n in range(100):
        at = msgspec.structs.replace(
            contact(Outcome.UNKNOWN, AT), id=f"op_{n:03d}/000", provider_calls=1
        )
        known = remember(known, at)

    assert sorted(known.provider_calls) == [f"op_{n:03d}" for n in range(92, 100)]


def test_the_no_of_some_providers_is_not_remembered():
    """A job let only some be asked: what they found is kept, that they found nothing is not."""
    no = msgspec.structs.replace(contact(Outcome.ABSENT, AT), providers=("crm",))
    yes = msgspec.structs.replace(contact(Outcome.FOUND, AT, "a@x.example"), providers=("crm",))

    assert remember(None, no).fields == {}
    assert remember(None, yes).fields.keys() == {Field.EMAIL}
