"""Figures of interleaved rounds: medians, and ratios within the same round."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Series:
    """One kind of figure for everybody who was measured, a value for each round.

    Attributes:
        title: What is measured.
        unit: Of the values.
        digits: Behind the point.
        values: By name, in the order of the rounds.
    """

    title: str
    unit: str
    digits: int = 0
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """One more round of one contender."""
        self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """Of all rounds."""
        return statistics.median(self.values[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times ``base``: the median of what it was in each round."""
        pairs = zip(self.values[name], self.values[base], strict=True)
        return statistics.median(value / other for value, other in pairs)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def markdown(series: Sequence[Series], base: Mapping[str, str] | str) -> str:
    """A table with a row for each name and two columns for each series: median, and ratio."""
    names = list(dict.fromkeys(name for one in series for name in one.values))
    head = [f"{one.title} ({one.unit}) | ratio" for one in series]
    lines = [f"| | {' | '.join(head)} |", f"|---|{'---:|---:|' * len(series)}"]
    for name in names:
        cells = [_cells(one, name, base if isinstance(base, str) else base[name]) for one in series]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(series: Series, name: str, base: str) -> str:
    if name not in series.values:
        return "- | -"
    median = f"{series.median(name):,.{series.digits}f}"
    ratio = f"{series.ratio(name, base):.2f}" if base in series.values else "-"
    return f"{median} | {ratio}"
