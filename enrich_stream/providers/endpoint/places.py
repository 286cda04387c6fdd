"""The places at the endpoint: so many questions at once, and who waits for an answer goes first."""

import asyncio
from collections import deque


class Places:
    """Given in the order of asking, to those whom somebody waits for before all others.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def take(self, until: float, *, goes_first: bool) -> bool:
        """Whether there was a place until then, on the event loop's clock; to be given back."""
        if self._free:
            self._free -= 1
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._first if goes_first else self._others).append(turn)
        try:
            async with asyncio.timeout_at(until):
                await turn
        except TimeoutError:
            return _has_come(turn)
        except asyncio.CancelledError:
            if _has_come(turn):
                self.give_back()
            raise
        return True

    def give_back(self) -> None:
        """A question has ended."""
        for line in (self._first, self._others):
            while line:
                turn = line.popleft()
                if not turn.done():  # or it has given up
                    turn.set_result(None)
                    return
        self._free += 1


def _has_come(turn: "asyncio.Future[None]") -> bool:
    return turn.done() and not turn.cancelled()
