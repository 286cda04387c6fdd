"""One person asked about many times, at once and again: who has been paid is not paid again."""

import asyncio
from collections import Counter

import pytest
from crowds import CROWDS, CrowdAtHunter, CrowdAtPeopleDataLabs
from network import loopback, network
from people import Known, Person, people
from troubles import takes
from virtual_time import pass_over, run
from worker import BATCHES, SYNC, a_batch, fields_of, trail_of, worker

from enrich_stream.person import Field, IdentifierKind, Outcome

MANY = 500
EVERYTHING = (Field.EMAIL, Field.PHONE, Field.PROFILE)
PROVIDERS = [crowd.name for crowd in CROWDS]


def somebody(number, kind, **known):
    return Person(number, kind, dict.fromkeys(PROVIDERS, Known(**known)))


def requests_to(fakes):
    """How often each request came, by provider and path; a path names the person."""
    return {fake.name: dict(fake.sent) for fake in fakes}


async def asked_at_once(tmp_path, times, lane, between):
    """What the providers count, and the items, when so many ask about one person at once."""
    # Everybody has to be asked: the person is known, but nobody has an address or a number.
    person = somebody(1, IdentifierKind.EMAIL)
    fakes = [fake([person], takes(0.2)) for fake in CROWDS]
    async with worker(tmp_path, *fakes, between=between) as under_test:
        jobs = [a_batch(n, [person], *EVERYTHING) for n in range(times)]
        items = await under_test.look_up(*jobs, lane=lane)
    return requests_to(fakes), list(items.values())


@pytest.mark.parametrize(
    ("lane", "execute", "between"),
    [(BATCHES, run, network), (SYNC, run, network), (BATCHES, asyncio.run, loopback)],
    ids=["batches", "sync", "batches, in real time over the loopback"],
)
def test_many_who_ask_about_one_person_cost_what_one_costs(tmp_path, lane, execute, between):
    """500 requests at the same time: each provider gets each of its requests once."""
    alone, _ = execute(asked_at_once(tmp_path, 1, lane, between))
    requests, items = execute(asked_at_once(tmp_path, MANY, lane, between))

    assert requests == alone
    assert sorted(requests) == sorted(PROVIDERS)
    assert {times for sent in requests.values() for times in sent.values()} == {1}
    assert Counter(item.outcome for item in items) == {Outcome.FOUND: MANY}
    assert len({bytes(item.answer) for item in items}) == 1


async def asked_again(tmp_path):
    """What the providers count after a batch, after the same again, and how both ended."""
    crowd = people(100, seed=7)
    fakes = [fake(crowd) for fake in CROWDS]
    async with worker(tmp_path, *fakes) as under_test:
        first = await under_test.look_up(a_batch(1, crowd, *EVERYTHING))
        counted = requests_to(fakes)
        pass_over(6 * 86_400)
        again = await under_test.look_up(a_batch(2, crowd, *EVERYTHING))
        return counted, requests_to(fakes), list(first.values()), list(again.values())


def test_a_batch_within_the_age_of_its_answers_costs_nothing(tmp_path):
    """Six days later: no call, the same data, and evidence that says from when it is."""
    counted, counted_again, first, again = run(asked_again(tmp_path))

    assert counted_again == counted
    assert [bytes(item.answer) for item in again] == [bytes(item.answer) for item in first]
    for before, now in zip(first, again, strict=True):
        assert [line["provider"] for line in trail_of(now)] == ["memory"]
        for name, result in fields_of(now).items():
            assert result["is_recalled"]
            assert result["as_of"] == fields_of(before)[name]["as_of"]


async def asked_for_more(tmp_path):
    """What the providers count after an e-mail is wanted, then a phone too, then one of them."""
    person = somebody(1, IdentifierKind.LINKEDIN, email="p1@northwind.example", has_phone=True)
    fakes = [fake([person]) for fake in CROWDS]
    counted, trails = [], []
    async with worker(tmp_path, *fakes) as under_test:
        for number, wanted in enumerate(
            [(Field.EMAIL,), (Field.EMAIL, Field.PHONE), (Field.PHONE,)]
        ):
            (item,) = (await under_test.look_up(a_batch(number, [person], *wanted))).values()
            counted.append(sum(fake.requests_in_all for fake in fakes))
            trails.append([(line["provider"], *line["outcomes"]) for line in trail_of(item)])
    return counted, trails


def test_what_is_remembered_serves_fewer_fields_and_is_topped_up_for_more(tmp_path):
    """Only for the field that is not there is anybody asked."""
    counted, trails = run(asked_for_more(tmp_path))

    assert trails[0] == [("hunter", Field.EMAIL)]
    assert ("memory", Field.EMAIL) in trails[1]
    assert {fields for _, *fields in map(tuple, trails[1][1:]) for fields in fields} == {
        Field.PHONE
    }
    assert trails[2] == [("memory", Field.PHONE)]
    assert counted[0] < counted[1] == counted[2]


async def known_by_two_names(tmp_path):
    """What is asked of verifiers when a person is in a batch twice, by different names."""
    known = {"peopledatalabs": Known(email="p1@northwind.example")}
    names = [Person(1, kind, known) for kind in (IdentifierKind.X, IdentifierKind.GITHUB)]
    # Both are asked about at People Data Labs first, and Hunter checks what that finds.
    fakes = [CrowdAtPeopleDataLabs(names[:1], takes(0.2)), CrowdAtHunter(names[:1], takes(0.2))]
    async with worker(tmp_path, *fakes) as under_test:
        items = await under_test.look_up(a_batch(1, names, Field.EMAIL))
    return len(fakes[1].arrivals["verifier"]), [
        fields_of(item)[Field.EMAIL] for item in items.values()
    ]


def test_an_address_that_two_items_have_at_once_is_checked_once(tmp_path):
    """They are two persons to us, and yet one mailbox: the second has the first one's verdict."""
    checks, emails = run(known_by_two_names(tmp_path))

    assert checks == 1
    assert [email["outcome"] for email in emails] == [Outcome.FOUND] * 2
    assert {email["values"][0]["verification"] for email in emails} == {"hunter"}
