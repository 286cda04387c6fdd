"""The short form of the soak: several faults at once, one seed. The long one is `make chaos`."""

import pytest

from enrich_stream.chaos.plan import Dose, Fault, draw_plan
from enrich_stream.chaos.run import Scenario, run

SEED = 7
DOSE = Dose(
    {
        Fault.KILL_WORKER: 2,
        Fault.WIPE_WORKER: 1,
        Fault.WIPE_FRONT_DOOR: 1,
        Fault.STOP_WORKER: 1,
        Fault.KILL_BROKER: 1,
        Fault.POISON: 1,
    },
    scales=(1, 3, 1),
)


@pytest.mark.connected
@pytest.mark.timeout(400)
async def test_nothing_is_lost_wrong_stuck_or_paid_twice(place):
    """Workers, front doors and the broker are killed and wiped while 60 jobs are under way."""
    plan = draw_plan(SEED, DOSE, session_seconds=6.0)
    verdict = await run(Scenario(SEED, jobs=60, items=20, workers=1, plan=plan), place, print)

    assert verdict.holds, verdict
