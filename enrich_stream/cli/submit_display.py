"""What ``enrich-stream submit`` shows while it runs and when it has ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from enrich_stream.submit.progress import Progress, Summary, Watch

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def show_progress(console: Console) -> Iterator[Watch]:
    """A live bar on a terminal, a plain line every few seconds elsewhere."""
    if not console.is_terminal:
        yield _PlainLines(console).show
        return
    with Bar(
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
    ) as bar:
        yield _LiveBar(bar).show


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


class _LiveBar:
    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def show(self, progress: Progress) -> None:
        if not self._bar.tasks:
            # What an earlier run has done must not count towards this run's rate.
            self._bar.add_task("", total=progress.total, completed=progress.settled)
            return
        task = self._bar.task_ids[0]
        self._bar.update(task, completed=progress.settled, description=progress.note)


class _PlainLines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = self._last = time.monotonic()
        self._before: int | None = None

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._before is None:
            self._before = progress.settled
        if now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        rate = (progress.settled - self._before) / (now - self._started)
        left = f", {(progress.total - progress.settled) / rate:.0f} s left" if rate else ""
        note = f"; {progress.note}" if progress.note else ""
        self._console.print(
            f"{progress.settled:,} of {progress.total:,} rows, {rate:,.0f} rows/s{left}{note}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def print_summary(console: Console, summary: Summary) -> None:
    """The counts of the whole file, and how fast this run was."""
    table = Table("", "rows", "share", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for status, count in summary.counts.items():
        share = count / summary.rows if summary.rows else 0.0
        table.add_row(status, f"{count:,}", f"{share:.1%}")
    console.print(table)
    rate = summary.fresh_rows / summary.seconds if summary.seconds else 0.0
    console.print(
        f"{summary.rows:,} rows, {summary.fresh_rows:,} of them in this run, "
        f"in {summary.seconds:.1f} s ({rate:,.0f} rows/s)\n{summary.output}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
