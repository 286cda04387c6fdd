"""When a provider wants to be called again, from what it says in headers.

Providers write the moment in every way there is: seconds from now, seconds since the epoch, an
HTTP date (RFC 9110, 10.2.3) or ISO 8601. Which one it is shows in the value.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_SECONDS = 86_400.0
"""No wait is longer, whatever a header says."""

WINDOWS = (
    ("X-RateLimit-Remaining", "X-RateLimit-Reset"),
    ("RateLimit-Remaining", "RateLimit-Reset"),
    ("X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"),
)
"""The usual pairs of headers: how many calls are left, and when there are more."""

_EPOCH = 1e9
"""Numbers from here on are moments, not spans: 2001 in seconds, thirty years as a span."""
_EPOCH_MILLISECONDS = 1e11


def seconds_to_wait(
    headers: Mapping[str, str], wall: float, windows: Sequence[tuple[str, str]] = WINDOWS
) -> float | None:
    """How long a provider that refused a call wants to be left alone; None when it does not say.

    Args:
        headers: Of its response, looked up in any case.
        wall: The present moment, in seconds since the epoch.
        windows: Its pairs of headers.
    """
    asked = seconds_from_now(headers.get("Retry-After"), wall)
    if asked is not None:
        return asked
    spent = seconds_until_refilled(headers, wall, windows)
    if spent is not None:
        return spent
    return min(_waits([headers.get(reset) for _, reset in windows], wall), default=None)


def seconds_until_refilled(
    headers: Mapping[str, str], wall: float, windows: Sequence[tuple[str, str]] = WINDOWS
) -> float | None:
    """How long to wait because no call is left in a window; None when each has some left."""
    spent = [headers.get(reset) for left, reset in windows if headers.get(left) == "0"]
    return max(_waits(spent, wall), default=None)


def seconds_from_now(value: str | None, wall: float) -> float | None:
    """A moment or a span as seconds from now, at most ``MAX_SECONDS``; None when it is neither."""
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        moment = _moment(value)
        return None if moment is None else _bounded(moment.timestamp() - wall)
    if number != number or number < 0:  # noqa: PLR0124 - only NaN is unequal to itself
        return None
    if number >= _EPOCH_MILLISECONDS:
        number /= 1000
    return _bounded(number - wall if number >= _EPOCH else number)


def _waits(values: Sequence[str | None], wall: float) -> list[float]:
    return [wait for value in values if (wait := seconds_from_now(value, wall)) is not None]


def _moment(value: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_SECONDS)
