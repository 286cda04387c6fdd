"""The count of requests in memory, beside that of the library it stands in for."""

import itertools
import random
from types import SimpleNamespace

import pytest
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.sliding_window import SlidingWindow

NAMES = ("one", "other")


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1_800_000_000.25)
    still = SimpleNamespace(time=lambda: clock.now)
    for place in ("api.sliding_window", "limits.aio.storage.memory", "limits.aio.strategies"):
        monkeypatch.setattr(f"{place}.time", still)
    return clock


@pytest.mark.parametrize("limit", [1, 3, 20, 100])
async def test_it_counts_as_the_library_does(clock, limit):
    """Bursts and pauses of all lengths: the same let through, left and time to wait."""
    window, draw = SlidingWindow(), random.Random(limit)
    library, item = SlidingWindowCounterRateLimiter(MemoryStorage()), RateLimitItemPerMinute(limit)
    verdicts = set()
    for _ in range(2_000):
        pause = draw.choice([0, 0.03125, 0.5, 7.8125, 45.5, 61.375, 130.0625])
        clock.now += pause if draw.random() < 0.005 else pause / limit
        name = draw.choice(NAMES)
        standing = window.count(name, limit)
        is_within = await library.hit(item, name)
        stats = await library.get_window_stats(item, name)

        assert standing.is_within == is_within
        assert standing.remaining == (stats.remaining if is_within else 0)
        assert standing.reset_seconds == pytest.approx(stats.reset_time - clock.now + 0.5, abs=0.51)
        verdicts.add(is_within)
    assert verdicts == {True, False}


def test_who_asks_no_more_is_forgotten(clock):
    """Or every key that ever asked would be kept."""
    window = SlidingWindow()
    for name in map(str, range(1000)):
        window.count(name, 10)
    for _ in itertools.repeat(None, 2):
        clock.now += 60
        window.count("one", 10)

    assert list(window._last) + list(window._this) == ["one", "one"]
