"""The one place where clocks are read, so that tests can set them."""

import time
from datetime import UTC, datetime, timedelta

LARGEST_STEP = timedelta(hours=1)
"""By so much a clock may be set and still be believed in everything."""


def iso(moment: datetime) -> str:
    """A moment as the records and the HTTP contract write it: ISO 8601, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def present() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def now() -> str:
    """The present moment as ``iso`` writes it."""
    return iso(present())


def seconds_passed() -> float:
    """Seconds, with those in which the whole machine was suspended, where the system tells."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


_started, _started_seconds = present(), seconds_passed()


def has_stepped() -> bool:
    """Whether the wall clock was set, and not by a little, since this process began.

    Then what it says is no reason to give anything up: a clock that is a year ahead for a moment
    would end everything that is kept for a week.
    """
    passed = timedelta(seconds=seconds_passed() - _started_seconds)
    return abs(present() - _started - passed) > LARGEST_STEP
