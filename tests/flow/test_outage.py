"""A provider is down for a minute while people are looked up all the time."""

import asyncio
from collections import Counter

import msgspec
import pytest
from crowds import CrowdAtHunter, CrowdAtProspeo
from loopback import hangs, hangs_up, says
from people import Known, Person
from troubles import takes
from virtual_time import run
from worker import BATCHES, SYNC, a_batch, fields_of, trail_of, worker

from enrich_stream.person import Field, IdentifierKind, Outcome

SECONDS, A_SECOND = 150, 8
DOWN, BACK = 30.0, 90.0
ANSWERING = 0.5
FAILURES = (hangs_up, says(status=503), says(status=500), hangs)


def is_down(fake, endpoint, person, times):
    """Nothing works from one moment on, in one way or another, and at a later one everything."""
    if DOWN <= asyncio.get_running_loop().time() < BACK:
        return FAILURES[person.number % len(FAILURES)]
    return takes(ANSWERING)(fake, endpoint, person, times)


def everybody():
    """Hunter knows all of them, and Prospeo every other one."""
    for number in range(SECONDS * A_SECOND):
        known = Known(email=f"p{number}@northwind.example")
        names = ("hunter", "prospeo") if number % 2 else ("hunter",)
        yield Person(number, IdentifierKind.LINKEDIN, dict.fromkeys(names, known))


class Outage:
    """What came of it: each person with the item as which it ended, and the servers."""

    def __init__(self, ended, hunter, prospeo):
        self.ended, self.hunter, self.prospeo = ended, hunter, prospeo

    def of_hunter(self, begin, end):
        """The moments at which Hunter was asked within a time."""
        return [at for at in self.hunter.arrivals["finder"] if begin <= at < end]


async def looked_up(tmp_path, lane):
    crowd = list(everybody())
    hunter, prospeo = CrowdAtHunter(crowd, is_down), CrowdAtProspeo(crowd, takes(ANSWERING))
    limits = {"hunter": "1000/min", "prospeo": "1000/min"}
    # So short that people end in the middle of the outage.
    async with worker(
        tmp_path, hunter, prospeo, limits=limits, job_deadline_seconds=20
    ) as under_test:

        async def at(second):
            await asyncio.sleep(second)
            part = crowd[second * A_SECOND :][:A_SECOND]
            return await under_test.look_up(a_batch(second, part, Field.EMAIL), lane=lane)

        seconds = await asyncio.gather(*map(at, range(SECONDS)))
    items = [item for second in seconds for item in second.values()]
    return Outage(list(zip(crowd, items, strict=True)), hunter, prospeo)


@pytest.fixture(scope="module", params=[BATCHES, SYNC])
def outage(tmp_path_factory, request):
    """All of them looked up, once for all tests of a lane."""
    return run(looked_up(tmp_path_factory.mktemp("worker"), request.param))


def test_nobody_is_absent_because_a_provider_is_down(outage):
    """Found, by whoever can be asked, or unknown with the hint that a later try may succeed."""
    outcomes = Counter(item.outcome for _, item in outage.ended)
    assert set(outcomes) == {Outcome.FOUND, Outcome.UNKNOWN}
    for person, item in outage.ended:
        if item.outcome is Outcome.UNKNOWN:
            assert "prospeo" not in person.known
            assert msgspec.json.decode(item.answer)["error"]["retryable"] is True
            assert "hunter" in fields_of(item)[Field.EMAIL]["reason"]


def test_others_find_meanwhile_whom_they_know(outage):
    """Most of those who came during the outage, and the trail says why it was not the first."""
    found_by = Counter()
    for person, item in outage.ended:
        if DOWN <= person.number / A_SECOND < BACK and "prospeo" in person.known:
            assert item.outcome is Outcome.FOUND
            found_by[fields_of(item)[Field.EMAIL]["values"][0]["provider"]] += 1
            first = trail_of(item)[0]
            assert first["provider"] == "hunter"
    assert found_by["prospeo"] > (BACK - DOWN) * A_SECOND / 2 * 0.9


def test_while_it_is_down_it_is_left_alone(outage):
    """Until the breaker opens it is asked, and then by single probes, ever more rarely."""
    asked = outage.of_hunter(DOWN, BACK)
    assert len(asked) < 60
    probes = [at for at in asked if at > DOWN + 15]
    assert 1 <= len(probes) <= 4


def test_when_it_is_back_one_probe_is_sent_and_then_all(outage):
    """Nobody else while that is under way; then as many as before the outage, and more."""
    first, *others = outage.of_hunter(BACK, SECONDS)
    assert first < BACK + 60
    assert others[0] >= first + ANSWERING
    before = outage.of_hunter(DOWN - 10, DOWN)
    after = outage.of_hunter(first + ANSWERING, first + ANSWERING + 10)
    assert len(after) >= len(before) * 0.95
