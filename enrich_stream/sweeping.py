"""How something large is looked through while other work goes on: little by little."""

import asyncio
import time
from datetime import timedelta
from typing import Self

SHARE = 0.1
"""Of the process's time, at most."""
_LONGEST_PAUSE_SECONDS = 3_600.0
_SWEEPS_IN_A_RETENTION = 20


def pause_seconds(retention: timedelta) -> float:
    """Between two sweeps: often enough that little is kept much longer than it should be."""
    return min(_LONGEST_PAUSE_SECONDS, retention.total_seconds() / _SWEEPS_IN_A_RETENTION)


class Gulp:
    """One piece of the work; at its end comes a rest in proportion to the time it took."""

    async def __aenter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    async def __aexit__(self, *_: object) -> None:
        worked = time.perf_counter() - self._began
        await asyncio.sleep(worked * (1 - SHARE) / SHARE)
