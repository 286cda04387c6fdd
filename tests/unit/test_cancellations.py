"""What a worker knows of cancelled jobs."""

from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest
from samples import a_cancellation

from enrich_stream import clock
from enrich_stream.cancellations import Cancellations
from enrich_stream.records import encode

WEEK = timedelta(days=7)


def record(job_id="op_1", *, key=None, days_ago=0):
    request = a_cancellation(1, job_id=job_id)
    accepted_at = clock.iso(clock.present() - timedelta(days=days_ago))
    job = msgspec.structs.replace(request.job, accepted_at=accepted_at)
    value = encode(msgspec.structs.replace(request, job=job))
    return SimpleNamespace(key=(key or job_id).encode(), value=value)


def test_a_cancelled_job_is_known_and_no_other():
    """Only what was read is cancelled."""
    known = Cancellations(WEEK)
    known.take(record("op_1"))

    assert "op_1" in known
    assert "op_2" not in known


def test_it_is_forgotten_when_its_job_is():
    """A job past its retention has no tasks left, so nothing need be known of it."""
    known = Cancellations(WEEK)
    known.take(record("op_old", days_ago=8))
    known.take(record("op_new"))

    assert "op_old" not in known
    assert "op_new" in known


def test_memory_is_bounded_whatever_is_cancelled():
    """The latest stay."""
    known = Cancellations(WEEK, most=3)
    for n in range(10):
        known.take(record(f"op_{n}"))

    assert len(known) == 3
    assert "op_9" in known


@pytest.mark.parametrize(
    "wrong",
    [
        record(key="op_2"),
        SimpleNamespace(key=b"op_1", value=b"{"),
        SimpleNamespace(key=None, value=None),
    ],
)
def test_what_the_agent_buries_cancels_nothing_here_either(wrong):
    """Were it otherwise, items would end here that the job goes on waiting for."""
    known = Cancellations(WEEK)
    known.take(wrong)

    assert len(known) == 0
