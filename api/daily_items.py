"""How many items each organisation has had accepted today, from the requests that were accepted.

One small row for each job of the day, so that a request that is read twice counts once. Days end
at midnight, UTC, and a job belongs to the day on which it was accepted, whichever front door
reads it when.
"""

from collections import Counter

import rocksdict

from enrich_stream import clock
from enrich_stream.records import Job

_ROW = b"u/"
Counted = dict[bytes, tuple[str, str, int]]
"""By row, the day, the organisation and the items that it adds."""


class DailyItems:
    """The counts, beside the jobs in the standby's database."""

    def __init__(self, database: rocksdict.Rdict) -> None:
        self._db = database
        self._counts: Counter[tuple[str, str]] = Counter()
        self._today = _today()
        first = _ROW + self._today.encode()
        for key, value in database.items(from_key=first):
            # In raw mode every key is bytes, which the library's types do not know.
            row = bytes(key)  # type: ignore[arg-type]
            if not row.startswith(_ROW):
                break
            _, day, _ = row.decode().split("/", 2)
            items, _, organisation = value.decode().partition("/")
            self._counts[day, organisation] += int(items)
        database.delete_range(_ROW, first)

    def of(self, organisation: str) -> int:
        """How many items there are today."""
        return self._counts[_today(), organisation]

    def add(self, batch: rocksdict.WriteBatch, job: Job, counted: Counted) -> None:
        """Put the job's row into the batch, unless it has one or is of another day."""
        day = job.accepted_at[:10]
        row = _ROW + f"{day}/{job.id}".encode()
        if day < _today() or row in counted or self._db.get(row) is not None:
            return
        batch.put(row, f"{job.total}/{job.organisation}".encode())
        counted[row] = day, job.organisation, job.total

    def count(self, counted: Counted) -> None:
        """Take over what was added, once the batch is written."""
        if counted and self._today < _today():
            self._begin_day(_today())
        for day, organisation, items in counted.values():
            self._counts[day, organisation] += items

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()

    def _begin_day(self, today: str) -> None:
        self._today = today
        self._db.delete_range(_ROW, _ROW + today.encode())
        for day, organisation in list(self._counts):
            if day < today:
                del self._counts[day, organisation]


def _today() -> str:
    return clock.now()[:10]
