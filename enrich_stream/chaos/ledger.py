"""The judgement at the end of a run: what was promised, held against what was seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from enrich_stream import job
from enrich_stream.chaos.orders import Order
from enrich_stream.chaos.people import Person, is_true_contact, is_true_item, person_named
from enrich_stream.chaos.reader import Origin
from enrich_stream.chaos.submitters import Told
from enrich_stream.person import Outcome

_TERMINAL = {"succeeded", "partial_success", "failed"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen in a run.

    Attributes:
        orders: What was to be submitted.
        front_doors: Their names; each was asked for every job at the end.
        accepted: By job id.
        told: By order, every last word about it.
        calls: How often each person was asked for at the provider.
        contacts: The output topic: key and content of each record.
        buried: Where the records lie that nobody can understand.
        dead_letters: Where the records lay that were buried.
        behind: What the workers had not consumed when everything should have been.
        unlike_kafka: Rows of the last worker's disk that differ from what Kafka has.
        leaks: By log file, what it tells of the people; nobody else may read that.
        troubles: Whatever else a user or an operator would complain about.
        calls_again: How many calls may have been made in vain.
    """

    orders: Sequence[Order]
    front_doors: Sequence[str]
    accepted: Mapping[str, Order]
    told: Mapping[int, Sequence[Told]]
    calls: Mapping[str, int]
    contacts: Iterable[tuple[bytes | None, Mapping[str, Any]]]
    buried: set[Origin]
    dead_letters: set[Origin]
    behind: Sequence[Origin]
    unlike_kafka: Sequence[str]
    leaks: Mapping[str, set[str]]
    troubles: Sequence[str]
    calls_again: int


@dataclass
class Verdict:
    """Lost, wrong and stuck, each as sentences; nothing in them is the promise kept.

    Attributes:
        lost: Accepted or produced, and gone.
        wrong: Answered, and not the truth; or answered two ways.
        stuck: Neither answered nor gone.
        paid_again: Calls for persons of whom the answer had been given before.
        calls_again: How many of those there may be.
        items: How many items were settled.
    """

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    paid_again: int = 0
    calls_again: int = 0
    items: int = 0

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        paid_once = self.paid_again <= self.calls_again
        return paid_once and not (self.lost or self.wrong or self.stuck)


def judge(seen: Evidence) -> Verdict:
    """Hold what was seen against what was promised."""
    verdict = Verdict(calls_again=seen.calls_again)
    verdict.stuck += [
        f"{o.topic}/{o.partition} is not consumed from {o.offset}" for o in seen.behind
    ]
    verdict.stuck += seen.troubles
    verdict.wrong += seen.unlike_kafka
    verdict.wrong += [f"{log} tells of {len(told)} people" for log, told in seen.leaks.items()]
    for order in seen.orders:
        _judge_answers(order, seen, verdict)
    _judge_output(seen, verdict)
    verdict.lost += [f"{o} is not among the dead letters" for o in seen.buried - seen.dead_letters]
    verdict.lost += [f"{o} is a dead letter" for o in seen.dead_letters - seen.buried]
    verdict.paid_again = sum(_paid_again(seen.calls))
    return verdict


def _judge_answers(order: Order, seen: Evidence, verdict: Verdict) -> None:
    told = seen.told.get(order.number, ())
    if not told:
        verdict.stuck.append(f"order {order.number} was never answered")
        return
    operations = [t for t in told if t.body is None or "status" in t.body]
    if operations:
        silent = set(seen.front_doors) - {t.front_door for t in operations}
        verdict.stuck += [f"order {order.number} was not answered at {door}" for door in silent]
    first = operations[0].body if operations else None
    for answer in told:
        verdict.wrong += _faults(order, answer)
        if answer in operations and answer.body != first:
            verdict.wrong.append(f"order {order.number} was answered two ways")
    verdict.items += len(order.persons)


def _faults(order: Order, told: Told) -> Iterator[str]:
    where = f"order {order.number} at {told.front_door}"
    if told.body is None:
        yield f"{where}: there is no such job"
        return
    if "status" not in told.body:  # the 200 of a POST
        if told.body.get("data") != _sync_data(order.persons[0]):
            yield f"{where}: not the truth"
        return
    if told.body["status"] not in _TERMINAL:
        yield f"{where}: is {told.body['status']}"
        return
    items = told.body["result"]["items"]
    if len(items) != len(order.persons):
        yield f"{where}: {len(items)} items instead of {len(order.persons)}"
    for place, (item, person) in enumerate(zip(items, order.persons, strict=False)):
        if not is_true_item(item, person):
            yield f"{where}: item {place} is not the truth"


def _sync_data(person: Person) -> dict[str, Any] | None:
    """What a 200 says; None when it must not be a 200, because nobody could be asked."""
    if person.outcome is Outcome.UNKNOWN:
        return None
    nothing: dict[str, list[str]] = {"email": [], "phone": []}
    return {"contact": person.contact if person.outcome is Outcome.FOUND else nothing}


def _judge_output(seen: Evidence, verdict: Verdict) -> None:
    persons_by_id: dict[str, set[str]] = defaultdict(set)
    for key, contact in seen.contacts:
        identifier = contact["identifier"]
        persons_by_id[contact["id"]].add(identifier)
        if key != identifier.encode() or not is_true_contact(contact, person_named(identifier)):
            verdict.wrong.append(f"contact {contact['id']} is not the truth")
    for job_id, order in seen.accepted.items():
        for index, person in enumerate(order.persons):
            contact_id = job.item_key(job_id, index)
            found = persons_by_id.get(contact_id, set())
            if not found:
                verdict.lost.append(f"contact {contact_id} is not on the output topic")
            elif found != {str(person.identifier)}:
                verdict.wrong.append(f"contact {contact_id} is of somebody else")


def _paid_again(calls: Mapping[str, int]) -> Iterator[int]:
    for identifier, count in Counter(calls).items():
        # Of whom nobody could be asked, nothing is remembered, and so they are asked each time.
        if person_named(identifier).outcome is not Outcome.UNKNOWN:
            yield count - 1
