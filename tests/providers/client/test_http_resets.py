"""When a provider wants to be called again: every way in which providers write it."""

from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict

from enrich_stream.providers.client.resets import (
    MAX_SECONDS,
    seconds_from_now,
    seconds_to_wait,
    seconds_until_refilled,
)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "value",
    [
        "90",
        "90.0",
        str(int(NOW) + 90),
        str((int(NOW) + 90) * 1000),
        "Wed, 25 Nov 2026 12:01:30 GMT",
        "2026-11-25T12:01:30Z",
        "2026-11-25T12:01:30.000+00:00",
        "2026-11-25T13:01:30+01:00",
        "2026-11-25T12:01:30",
    ],
)
def test_a_moment_is_understood_however_it_is_written(value):
    """Seconds, epoch in seconds or milliseconds, HTTP date, ISO 8601."""
    assert seconds_from_now(value, NOW) == 90


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "nan", '{"minute": 3}', "2026-13-45"])
def test_what_is_no_moment_is_none(value):
    """Then the client decides for itself."""
    assert seconds_from_now(value, NOW) is None


@pytest.mark.parametrize("value", ["Wed, 25 Nov 2026 11:00:00 GMT", str(int(NOW) - 5), "0"])
def test_what_is_past_is_now(value):
    """A wait is never negative."""
    assert seconds_from_now(value, NOW) == 0


@pytest.mark.parametrize("value", ["1e300", "inf", "99999999999999", "9999-12-31T00:00:00Z"])
def test_no_wait_is_longer_than_a_day(value):
    """Whatever a header says, the provider is tried again."""
    assert seconds_from_now(value, NOW) == MAX_SECONDS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 7),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 60),
        ({"x-ratelimit-remaining": '{"minute": 0}', "x-ratelimit-reset": "60"}, 60),
        ({"x-rate-limit-reset": "30", "ratelimit-reset": "60"}, 30),
        ({"x-ratelimit-remaining": "0"}, None),
        (
            {
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "60",
                "ratelimit-remaining": "9",
                "ratelimit-reset": "5",
            },
            60,
        ),
    ],
)
def test_a_refusal_is_waited_for_as_its_headers_say(headers, seconds):
    """Retry-After first, then the windows that are spent, then whichever ends first."""
    assert seconds_to_wait(CIMultiDict(headers), NOW) == seconds


def test_a_provider_may_have_headers_of_its_own():
    """The longest of the windows that are spent counts."""
    windows = [("minute-left", "minute-reset"), ("day-left", "day-reset")]
    headers = {"minute-left": "0", "minute-reset": "40", "day-left": "0", "day-reset": "4000"}
    assert seconds_to_wait(headers, NOW, windows) == 4000
    assert seconds_to_wait(headers | {"day-left": "5"}, NOW, windows) == 40
    assert seconds_until_refilled(headers | {"day-left": "5"}, NOW, windows) == 40
    assert seconds_until_refilled({"minute-left": "1", "minute-reset": "40"}, NOW, windows) is None
