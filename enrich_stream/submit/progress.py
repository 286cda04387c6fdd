"""How far a run is, told to whoever watches, and what it came to in the end."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from enrich_stream.submit.answers import RowStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    Attributes:
        total: The rows of the input.
        settled: How many of them have their answer; never goes back.
        note: What the run is waiting for, if it is not as usual.
    """

    total: int
    settled: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a whole run came to.

    Attributes:
        counts: What became of the rows, those of earlier runs that it continued included.
        fresh_rows: How many were settled by this run.
        seconds: How long this run took.
        output: Where the answers stand.
    """

    counts: Mapping[RowStatus, int]
    fresh_rows: int
    seconds: float
    output: Path

    @property
    def rows(self) -> int:
        """All rows of the input."""
        return sum(self.counts.values())


Watch = Callable[[Progress], None]


class ProgressMeter:
    """Adds up what is written and what the server reports about batches on their way."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._total = 0
        self._written = 0
        self._highest = 0
        self._note = ""
        self._on_their_way: Counter[int] = Counter()

    def begin(self, total: int, written: int) -> None:
        """Start with what an earlier run has written."""
        self._total, self._written = total, written
        self._tell()

    def report(self, batch: int, settled: float) -> None:
        """So many rows of a batch have their answer."""
        self._on_their_way[batch] = int(settled)
        self._tell()

    def written(self, batch: int, rows: int) -> None:
        """A batch stands in the output."""
        self._on_their_way.pop(batch, None)
        self._written += rows
        self._tell()

    def note(self, text: str) -> None:
        """Something is not as usual; empty when it is again."""
        self._note = text
        self._tell()

    def _tell(self) -> None:
        self._highest = max(self._highest, self._written + self._on_their_way.total())
        self._watch(Progress(self._total, min(self._highest, self._total), self._note))
