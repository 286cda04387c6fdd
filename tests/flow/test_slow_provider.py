"""One provider takes ten seconds for each answer: who does not need it must not notice."""

import asyncio

import pytest
from crowds import CrowdAtGravatar, CrowdAtHunter
from people import Known, Person
from troubles import takes
from virtual_time import run
from worker import BATCHES, SYNC, a_batch, worker

from enrich_stream.person import Field, IdentifierKind, Outcome

SECONDS, A_SECOND = 10, 100
QUICK, SLOW = 0.1, 10.0
LIMITS = {"gravatar": "1000/s", "hunter": "1000/s"}


def everybody():
    """Every other one is known to Gravatar, the others to Hunter."""
    for number in range(SECONDS * A_SECOND):
        kind = IdentifierKind.LINKEDIN if number % 2 else IdentifierKind.X
        name = "hunter" if number % 2 else "gravatar"
        yield Person(number, kind, {name: Known(email=f"p{number}@northwind.example")})


class Run:
    """What came of it.

    Attributes:
        took: How long each person at Gravatar took.
        outcomes: Of those at Hunter.
    """

    def __init__(self):
        self.took, self.outcomes = [], []


async def looked_up(tmp_path, lane, seconds):
    """All of them looked up, with a Hunter that takes so many seconds."""
    crowd = list(everybody())
    fakes = [CrowdAtGravatar(crowd, takes(QUICK)), CrowdAtHunter(crowd, takes(seconds))]
    # Hunter's people wait until they are through, however long that takes.
    patience = {"timeout_seconds": 30, "job_deadline_seconds": 3600, "result_window_seconds": 0.01}
    async with worker(tmp_path, *fakes, limits=LIMITS, **patience) as under_test:
        made = Run()

        async def at(second):
            await asyncio.sleep(second)
            part = crowd[second * A_SECOND :][:A_SECOND]
            began = asyncio.get_running_loop().time()
            items = await under_test.look_up(*jobs_of(part, second, lane), lane=lane)
            for (place, item), person in zip(items.items(), part, strict=True):
                if "hunter" in person.known:
                    made.outcomes.append(item.outcome)
                else:
                    made.took.append(under_test.kafka.ended_at[place] - began)

        await asyncio.gather(*map(at, range(SECONDS)))
    return made


def jobs_of(persons, number, lane):
    """One batch; somebody who waits asks about one person alone."""
    if lane == BATCHES:
        return [a_batch(number, persons, Field.PROFILE)]
    return [a_batch(f"{number}_{place}", [one], Field.PROFILE) for place, one in enumerate(persons)]


def p99(seconds):
    return sorted(seconds)[len(seconds) * 99 // 100]


@pytest.mark.parametrize("lane", [BATCHES, SYNC])
def test_a_slow_provider_holds_up_only_those_who_need_it(tmp_path, lane):
    """Far more need it than it can take; the p99 of the others stays within 1.5 times."""
    without, beside = (run(looked_up(tmp_path, lane, seconds)) for seconds in (QUICK, SLOW))

    assert len(beside.took) == len(without.took) == SECONDS * A_SECOND / 2
    assert p99(beside.took) <= p99(without.took) * 1.5
    assert set(beside.outcomes) == {Outcome.FOUND}
