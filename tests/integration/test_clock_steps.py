"""A worker whose wall clock is set while it works."""

from pathlib import Path

import pytest
from service import emails, until

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
NAMES = [f"person-{n}" for n in range(50)]
EMAILS = [[f"{name}@x.example"] for name in NAMES]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed"),
]


def test_a_clock_that_is_set_by_a_year_deletes_nothing_and_stops_nothing(service, tmp_path):
    """Forward and back: jobs go on, and those that have ended stay."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    environ = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        # What measures time goes on as it was; only the wall clock is set.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Three minutes: swept every few seconds.
        "ENRICH_RETENTION_DAYS": "0.002",
    }
    worker = service.stack.start_worker("worker-1", environ)
    door = service.front_door()
    jobs = [door.submit(NAMES)]
    assert emails(door.result(jobs[0])) == EMAILS

    for setting in ("+365d", "-365d"):
        before = sweeps_left_out(worker)
        clock.write_text(setting)
        until(lambda n=before: sweeps_left_out(worker) > n, "a sweep is left out")
        jobs.append(door.submit(NAMES))
        assert [emails(door.result(job)) for job in jobs] == [EMAILS] * len(jobs)


def sweeps_left_out(worker):
    return worker.log.read_text().count("retention.clock_was_set")
