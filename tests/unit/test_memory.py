"""What is remembered of a person."""

import itertools

from samples import AT, LATER

from enrich_stream.memory import remember
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
