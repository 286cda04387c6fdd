"""How organisations share the workers: each has a bounded number of items under way.

A batch that would go beyond its organisation's bound waits here, before its tasks are sent, and
holds up nobody else's: the requests of other organisations pass it by. While it waits its request
is not acknowledged, so Kafka keeps it, and whoever has the partition next reads it again.
"""

import asyncio
from collections import defaultdict, deque


class FairShare:
    """Counts what this worker has sent off and not seen settled.

    Args:
        items_under_way: The bound for each organisation. A job that is larger goes alone.
    """

    def __init__(self, items_under_way: int) -> None:
        self._bound = items_under_way
        self._under_way: defaultdict[str, int] = defaultdict(int)
        self._jobs: dict[str, tuple[str, int]] = {}
        self._waiting: defaultdict[str, deque[tuple[int, asyncio.Future[None]]]] = defaultdict(
            deque
        )

    async def enter(self, organisation: str, job_id: str, items: int) -> None:
        """Return when ``items`` more may be under way; first come, first served."""
        if self._waiting[organisation] or not self._has_room(organisation, items):
            turn = asyncio.get_running_loop().create_future()
            self._waiting[organisation].append((items, turn))
            await turn
        else:
            self._under_way[organisation] += items
        _, before = self._jobs.get(job_id, (organisation, 0))
        self._jobs[job_id] = (organisation, before + items)

    def settled(self, job_id: str, *, open_items: int) -> None:
        """A job has so many items left that are not settled."""
        if job_id not in self._jobs:  # sent off by the worker that had the partition before
            return
        organisation, before = self._jobs.pop(job_id)
        left = min(before, open_items)
        if left:
            self._jobs[job_id] = (organisation, left)
        self._under_way[organisation] -= before - left
        self._let_in(organisation)

    def forget(self) -> None:
        """The partitions are given up, and everything that waits with them."""
        for waiting in self._waiting.values():
            for _, turn in waiting:
                turn.cancel()
        self._waiting.clear()
        self._under_way.clear()
        self._jobs.clear()

    @property
    def jobs_waiting(self) -> int:
        """How many jobs wait for their turn."""
        return sum(len(waiting) for waiting in self._waiting.values())

    @property
    def total_under_way(self) -> int:
        """How many items are under way, of all organisations."""
        return sum(self._under_way.values())

    def _has_room(self, organisation: str, items: int) -> bool:
        under_way = self._under_way[organisation]
        return under_way == 0 or under_way + items <= self._bound

    def _let_in(self, organisation: str) -> None:
        waiting = self._waiting[organisation]
        while waiting and self._has_room(organisation, waiting[0][0]):
            items, turn = waiting.popleft()
            if not turn.cancelled():
                self._under_way[organisation] += items
                turn.set_result(None)
        if not waiting and not self._under_way[organisation]:
            del self._waiting[organisation], self._under_way[organisation]
