"""Writing what was found beside what was given, as CSV or JSON Lines.

Cells that a spreadsheet would run as a formula are marked with an apostrophe in the columns
that are added, because their text comes from outside. Phone numbers keep their leading plus,
which is harmless before digits alone. What the file itself held is carried through unchanged:
it was the user's before, and must still match it afterwards.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from enrich_stream.errors import InputError
from enrich_stream.person import Field
from enrich_stream.submit.answers import RowResult
from enrich_stream.submit.people_file import Layout, Row, cell_text

_JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}
_CSV_SUFFIXES = {".csv", ".tsv"}
_FORMULA = re.compile(r"[=+\-@\t\r]")
_PHONES = re.compile(r"\+\d+(;\+?\d+)*")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class ResultColumns:
    """The columns of the output.

    Attributes:
        given: Those of the input.
        added: What they are called here, by what they hold.
    """

    given: tuple[str, ...]
    added: dict[str, str]

    @classmethod
    def beside(cls, given: Sequence[str], fields: Sequence[Field]) -> "ResultColumns":
        """Add columns; where the input has one of that name already, ours is prefixed."""
        wanted = ["status", "emails", "phones", "error"]
        wanted += [str(field) for field in (Field.PROFILE, Field.SIGNALS) if field in fields]
        taken = set(given)
        return cls(tuple(given), {name: _free_name(name, taken) for name in wanted})


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"enriched_{name}"
    return name


def output_layout(path: Path, given: Layout) -> Layout:
    """How to write the output, by its suffix; a CSV file is parted like the input."""
    suffix = path.suffix.lower()
    if suffix in _JSON_SUFFIXES:
        return Layout(delimiter=None, has_bom=False)
    if suffix in _CSV_SUFFIXES:
        delimiter = "\t" if suffix == ".tsv" else given.delimiter or ","
        return Layout(delimiter=delimiter, has_bom=given.has_bom)
    raise InputError(f"--output must end in .csv, .tsv or .jsonl, not {suffix!r}")


class ResultsFile:
    """The output, which only ever grows by whole batches."""

    def __init__(self, path: Path, layout: Layout, columns: ResultColumns, size: int) -> None:
        """Open the output.

        Args:
            path: Where.
            layout: CSV or JSON Lines.
            columns: What stands in it.
            size: How much of what is there counts; the rest is cut off.
        """
        self._layout = layout
        self._columns = columns
        if size and (not path.exists() or path.stat().st_size < size):
            raise InputError(f"{path} was changed since the run was stopped; --restart starts over")
        self._file = path.open("r+b" if size else "wb")
        self._file.truncate(size)
        self._file.seek(size)
        if not size:
            self._file.write(self._header().encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, rows: Iterable[Row], results: Iterable[RowResult]) -> int:
        """Write one batch to disk and say how long the output is now."""
        pairs = zip(rows, results, strict=True)
        self._file.write("".join(self._line(row, result) for row, result in pairs).encode())
        return self.flush()

    def flush(self) -> int:
        """Bring everything to disk and say how long the output is."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def _header(self) -> str:
        if self._layout.delimiter is None:
            return ""
        names = [*self._columns.given, *self._columns.added.values()]
        return (_BOM if self._layout.has_bom else "") + self._csv_line(names)

    def _line(self, row: Row, result: RowResult) -> str:
        found = {name: getattr(result, name) for name in self._columns.added}
        if self._layout.delimiter is None:
            added = {self._columns.added[name]: value for name, value in found.items()}
            return msgspec.json.encode(row.cells | added).decode() + "\n"
        given = [cell_text(row.cells.get(name)) for name in self._columns.given]
        return self._csv_line(given + [harmless(_joined(value)) for value in found.values()])

    def _csv_line(self, texts: Sequence[str]) -> str:
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=self._layout.delimiter or ",", lineterminator="\n").writerow(
            texts
        )
        return line.getvalue()


def harmless(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    if _FORMULA.match(text) and not _PHONES.fullmatch(text):
        return "'" + text
    return text


def _joined(value: Any) -> str:
    return ";".join(value) if isinstance(value, tuple) else cell_text(value)
