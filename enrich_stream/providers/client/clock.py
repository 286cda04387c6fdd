"""Time as the client takes it, so that tests need not wait."""

import asyncio

from enrich_stream import clock


class Clock:
    """The clock of the event loop, the wall clock, and waiting."""

    def now(self) -> float:
        """Seconds on the event loop's clock, on which deadlines are given."""
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return clock.present().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def monotonic(self) -> float:
        """The same as ``now``, under the name that the circuit breaker's library calls."""
        return self.now()
