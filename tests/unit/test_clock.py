"""What is made of a wall clock that was set."""

from datetime import timedelta

import pytest

from enrich_stream import clock


@pytest.fixture
def times(monkeypatch):
    """Both clocks, as the tests move them on."""
    present, seconds = clock.present(), clock.seconds_passed()

    class Times:
        wall, passed = timedelta(), 0.0

    monkeypatch.setattr(clock, "present", lambda: present + Times.wall)
    monkeypatch.setattr(clock, "seconds_passed", lambda: seconds + Times.passed)
    return Times


@pytest.mark.parametrize("days", [365, -365])
def test_a_clock_that_was_set_by_much_is_noticed(times, days):
    """Forward or back, within a moment: it is no reason to delete anything."""
    times.wall, times.passed = timedelta(days=days), 1.0
    assert clock.has_stepped()


def test_time_that_passes_is_no_step(times):
    """A process may run for a year."""
    times.wall = timedelta(days=365)
    times.passed = times.wall.total_seconds()
    assert not clock.has_stepped()


def test_a_clock_that_was_put_right_by_a_little_is_believed(times):
    """Seconds and minutes do no harm to what is kept for days."""
    times.wall, times.passed = timedelta(minutes=30), 1.0
    assert not clock.has_stepped()
