"""The judge of a run: every broken promise is seen, and a kept one is not called broken."""

from collections import Counter
from dataclasses import replace

import pytest

from enrich_stream.chaos.ledger import Evidence, judge
from enrich_stream.chaos.orders import Order
from enrich_stream.chaos.people import Person, Truth
from enrich_stream.chaos.reader import Origin
from enrich_stream.chaos.submitters import Told
from enrich_stream.person import Outcome

KNOWN = next(p for p in map(Person, range(100)) if p.truth is Truth.KNOWN)
NOBODY = next(p for p in map(Person, range(100)) if p.truth is Truth.NOBODY)
FAILS = next(p for p in map(Person, range(100)) if p.truth is Truth.FAILS)
BATCH = Order(0, (KNOWN, NOBODY, FAILS), is_single=False)
SINGLE = Order(1, (KNOWN,), is_single=True)
JOB = "op_1"
DOORS = ["api-1", "api-2"]


def item(person):
    if person.outcome is Outcome.FOUND:
        said = {"status": "success", "data": {"contact": person.contact}}
    else:
        retryable = person.outcome is Outcome.UNKNOWN
        said = {"status": "failed", "error": {"message": "why", "retryable": retryable}}
    return {"identifier": person.given, **said}


def operation(*persons, status="partial_success"):
    return {"id": JOB, "status": status, "result": {"items": [item(p) for p in persons]}}


def contact(index, person):
    values = person.contact if person.outcome is Outcome.FOUND else {"email": [], "phone": []}
    record = {
        "id": f"{JOB}/{index:03d}",
        "identifier": str(person.identifier),
        "given": person.given,
        "outcome": person.outcome.value,
        "fields": {
            f"contact.{name}": {"values": [{"value": v} for v in found]}
            for name, found in values.items()
        },
    }
    return str(person.identifier).encode(), record


def seen(**changed):
    kept = Evidence(
        orders=[BATCH, SINGLE],
        front_doors=DOORS,
        accepted={JOB: BATCH},
        told={
            0: [Told(door, operation(*BATCH.persons)) for door in DOORS],
            1: [Told("api-1", {"data": {"contact": KNOWN.contact}})],
        },
        calls=Counter({str(p.identifier): 1 for p in BATCH.persons}),
        contacts=[contact(index, person) for index, person in enumerate(BATCH.persons)],
        buried={Origin("t", 0, 7)},
        dead_letters={Origin("t", 0, 7)},
        behind=[],
        unlike_kafka=[],
        leaks={},
        troubles=[],
        calls_again=0,
    )
    return replace(kept, **changed)


def told(*answers):
    return {0: [Told(door, a) for door, a in zip(DOORS, answers, strict=True)]}


def test_a_kept_promise_holds():
    """Nothing lost, wrong or stuck; who makes the provider fail may be asked each time."""
    calls = Counter({str(FAILS.identifier): 5})
    verdict = judge(seen(calls=calls))

    assert verdict.holds, verdict
    assert verdict.items == 4


GOOD = operation(*BATCH.persons)
LOST = [
    pytest.param({"contacts": [contact(0, KNOWN), contact(1, NOBODY)]}, id="no contact of an item"),
    pytest.param({"dead_letters": set()}, id="poison that was not buried"),
    pytest.param({"buried": set()}, id="a record of ours that was buried"),
]
WRONG = [
    pytest.param({"told": told(GOOD, None)}, id="a job that a front door does not know"),
    pytest.param(
        {"told": told(GOOD, operation(*BATCH.persons, status="processing"))}, id="not ended"
    ),
    pytest.param({"told": told(GOOD, operation(KNOWN, NOBODY))}, id="an item that is missing"),
    pytest.param({"told": told(GOOD, operation(NOBODY, KNOWN, FAILS))}, id="items out of order"),
    pytest.param({"told": told(GOOD, operation(KNOWN, NOBODY, NOBODY))}, id="another's item"),
    pytest.param({"told": told(GOOD, {**GOOD, "error": "now"})}, id="answered two ways"),
    pytest.param({"told": {1: [Told("api-1", {"data": {}})]}}, id="a wrong answer to who waits"),
    pytest.param({"contacts": [contact(0, NOBODY)]}, id="a contact of somebody else"),
    pytest.param({"contacts": [(b"k", contact(0, KNOWN)[1])]}, id="a contact under another key"),
    pytest.param({"unlike_kafka": ["rows"]}, id="a disk unlike Kafka"),
    pytest.param({"leaks": {"worker-1.log": {"person1"}}}, id="a log that tells of a person"),
]
STUCK = [
    pytest.param({"told": {}}, id="never answered"),
    pytest.param({"told": {0: [Told("api-1", GOOD)]}}, id="not answered at every front door"),
    pytest.param({"behind": [Origin("t", 0, 3)]}, id="a partition that is not consumed"),
    pytest.param({"troubles": ["api-1 ended by itself"]}, id="any trouble"),
]


@pytest.mark.parametrize("broken", LOST)
def test_what_is_lost_is_seen(broken):
    """Accepted or produced, and gone."""
    verdict = judge(seen(**broken))
    assert verdict.lost
    assert not verdict.holds


@pytest.mark.parametrize("broken", WRONG)
def test_what_is_wrong_is_seen(broken):
    """Not the truth, not all of it, not in order, or two answers to one question."""
    verdict = judge(seen(**broken))
    assert verdict.wrong
    assert not verdict.holds


@pytest.mark.parametrize("broken", STUCK)
def test_what_is_stuck_is_seen(broken):
    """Neither answered nor gone."""
    verdict = judge(seen(**broken))
    assert verdict.stuck
    assert not verdict.holds


def test_an_absent_that_is_not_known_to_be_absent_is_wrong():
    """Unknown is never called absent, and absent is never called worth another try."""
    confused = operation(KNOWN, NOBODY, FAILS)
    confused["result"]["items"][2]["error"]["retryable"] = False
    assert judge(seen(told=told(confused, confused))).wrong


def test_calls_are_paid_once_but_for_what_was_in_hand():
    """As many may be made again as were in flight when a worker was killed, and no more."""
    calls = Counter({str(KNOWN.identifier): 3})
    assert judge(seen(calls=calls, calls_again=2)).holds
    assert not judge(seen(calls=calls, calls_again=1)).holds
