"""Each fault alone. They take a minute each, and so are part of `make chaos` only."""

import pytest

from enrich_stream.chaos.plan import Dose, Fault, Step, draw_plan
from enrich_stream.chaos.run import Scenario, run

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

SESSION_SECONDS = 6.0
LASTING = {
    fault: step.seconds
    for fault in Fault
    for step in draw_plan(1, Dose({fault: 1}, scales=(1,)), SESSION_SECONDS)
}


async def verdict(place, *plan, workers=2, jobs=40):
    scenario = Scenario(
        1, jobs=jobs, items=20, workers=workers, plan=plan, session_seconds=SESSION_SECONDS
    )
    return await run(scenario, place, print)


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.SCALE], ids=str)
async def test_one_fault_in_the_middle_of_the_work(place, fault):
    """Once, to one of two workers: nothing is lost, wrong, stuck or paid twice."""
    held = await verdict(place, Step(fault, seconds=LASTING[fault]))
    assert held.holds, held


async def test_workers_are_added_and_taken_away_under_load(place):
    """1, 3, 1 and 4 workers: partitions move with their tables, and come back to old disks."""
    plan = [Step(Fault.SCALE, workers=count) for count in (3, 1, 4)]
    held = await verdict(place, *plan, workers=1)
    assert held.holds, held
    assert held.paid_again == 0, "moving a partition is no reason to ask again"


async def test_the_only_worker_is_killed_while_it_reads_its_tables_back(place):
    """A kill in the middle of a recovery leaves a table that reaches as far as it says."""
    wipe = Step(Fault.WIPE_WORKER)
    held = await verdict(
        place, wipe, Step(Fault.KILL_TWICE, seconds=SESSION_SECONDS + 1), workers=1
    )
    assert held.holds, held
