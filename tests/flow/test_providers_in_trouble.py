"""Many people at six providers that fail in every documented way: what is promised all the same."""

import os
import random
from collections import Counter

import pytest
from crowds import CROWDS, most_within
from least_calls import calls_in, least_calls
from people import people
from troubles import at_random
from virtual_time import run
from worker import a_batch, fields_of, trail_of, worker

from enrich_stream.orders import shipped_orders
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.client import endpoint
from enrich_stream.providers.registry import CONNECTORS

pytestmark = pytest.mark.timeout(600)
"""Half a minute of CPU, which a busy machine may not have within a minute."""

PEOPLE = int(os.environ.get("PEOPLE_IN_TROUBLE", "2000"))
"""400 show the same in three seconds, while one works on it."""
SEED = 20261125
SHARE = 0.25
LIMITS = {"peopledatalabs": "1000/min", "github": "5000/h 900/min, search: 300/min"}
"""Of larger plans than the smallest, so that the people are through within an hour."""
ORDERED = ((Field.EMAIL,), (Field.EMAIL, Field.PHONE), (Field.EMAIL, Field.PHONE, Field.PROFILE))


class Troubled:
    """What came of it all.

    Attributes:
        ended: Everyone, with the item as which it ended.
        fakes: The providers' servers.
        ranking: The order in which they were to be asked.
    """

    def __init__(self, ended, fakes, ranking):
        self.ended, self.fakes, self.ranking = ended, fakes, ranking


async def looked_up(tmp_path):
    random.seed(SEED)
    crowd = people(PEOPLE, SEED)
    fakes = [fake(crowd, at_random(SEED, SHARE)) for fake in CROWDS]
    async with worker(tmp_path, *fakes, limits=LIMITS, provider_parked_seconds=5) as under_test:
        jobs = [
            a_batch(first, crowd[first : first + 100], *ORDERED[first // 100 % len(ORDERED)])
            for first in range(0, PEOPLE, 100)
        ]
        items = await under_test.look_up(*jobs)
        ranking = shipped_orders().rank(under_test.connectors)
    persons = {(job.id, i): p for job, part in jobs for i, p in enumerate(part)}
    assert items.keys() == persons.keys()
    return Troubled([(persons[place], item) for place, item in items.items()], fakes, ranking)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory) -> Troubled:
    """All of them looked up, once for all tests."""
    return run(looked_up(tmp_path_factory.mktemp("worker")))


def test_everybody_ends_though_everything_goes_wrong(troubled):
    """Most of them found, after each provider has failed many times."""
    outcomes = Counter(item.outcome for _, item in troubled.ended)
    assert outcomes.total() == PEOPLE
    assert outcomes[Outcome.FOUND] > PEOPLE * 0.7
    assert all(fake.troubled > PEOPLE / 20 for fake in troubled.fakes)


def test_nothing_is_found_that_is_not_true(troubled):
    """No guess, and nobody else's."""
    for person, item in troubled.ended:
        true = {Field.EMAIL: person.email, Field.PHONE: person.phone}
        for name, result in fields_of(item).items():
            if name in true and result["outcome"] == Outcome.FOUND:
                assert {v["value"] for v in result["values"] if v["verified"]} == {true[name]}


def test_what_is_absent_is_known_to_nobody_who_can_be_asked(troubled):
    """However often they have failed: the servers know what they know, and what they have said."""
    for person, item in troubled.ended:
        known_by = {person.kind} | {line_kind(line) for line in trail_of(item)} - {None}
        for name, result in fields_of(item).items():
            if result["outcome"] != Outcome.ABSENT:
                continue
            for provider in (p for kind in known_by for p in troubled.ranking[kind, Field(name)]):
                assert not person.holds(provider.name, Field(name))
                assert has_said(troubled, provider.name, person)


def line_kind(line):
    return Identifier.parse(line["identifier"]).kind if "identifier" in line else None


def has_said(troubled, provider, person):
    fake = next(fake for fake in troubled.fakes if fake.name == provider)
    return any(n == person.number and said for (_, n), said in fake.answered.items())


def test_nobody_is_asked_more_often_than_needed(troubled):
    """Beside what has to be asked again, there are no more calls than the fewest that can be."""
    least = sum(
        least_calls(person, fields_of(item), troubled.ranking, item)
        for person, item in troubled.ended
    )
    calls, in_vain = map(sum, zip(*(calls_in(item) for _, item in troubled.ended), strict=True))
    assert calls <= least * 1.05 + in_vain


def test_the_servers_count_what_the_trails_tell(troubled):
    """No request but those of the calls in the trails, and their repeats."""
    told = sum(
        line.get("times", 1) * requests_of(line)
        for _, item in troubled.ended
        for line in trail_of(item)
    )
    counted = sum(fake.requests_in_all for fake in troubled.fakes)
    assert counted <= told + sum(fake.troubled for fake in troubled.fakes)


def requests_of(line):
    """How many requests a call takes at most when nothing goes wrong."""
    if "checked_for" in line:
        return 1
    fields = set(line["outcomes"])
    match line["provider"]:
        case "github":
            return 4
        case "hunter":
            return (Field.EMAIL in fields) + bool(fields - {Field.EMAIL})
        case "leadmagic":
            return len(fields)
    return 1


def test_an_address_is_checked_no_more_often_than_needed(troubled):
    """A person has a right one and a guess: two verdicts at most, however many providers say it."""
    for _, item in troubled.ended:
        lines = [line for line in trail_of(item) if "checked_for" in line]
        verdicts = [line for line in lines if line["outcomes"][Field.EMAIL] != Outcome.UNKNOWN]
        assert len(verdicts) <= 2


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.name)
def test_no_limit_is_exceeded_as_the_servers_count(troubled, connector):
    """In every second, minute, hour and day, wherever it begins."""
    fake = next(fake for fake in troubled.fakes if fake.name == connector.name)
    limits = LIMITS.get(connector.name, connector.limits)
    assert fake.arrivals
    for name, moments in fake.arrivals.items():
        for rate in endpoint(name, limits).rates:
            assert most_within(moments, rate.seconds) <= rate.limit
