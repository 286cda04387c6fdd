"""Reading a CSV or JSON Lines file of people of any size, one row at a time.

The file is read twice: once as a survey, so that every fault in it is reported before anything
is sent or paid for, and once for the work itself.
"""

import asyncio
import csv
import hashlib
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from enrich_stream.errors import InputError
from enrich_stream.person import IdentifierKind
from enrich_stream.submit.columns import kind_named

STDIN = Path("-")
MAX_LINE_BYTES = 1024 * 1024
MAX_COLUMNS = 1000
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"
_SNIFFED_BYTES = 64 * 1024
# The event loop gets a turn after so many rows, so that Ctrl-C works during the survey.
_ROWS_PER_TURN = 5000

Cells = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the file.

    Attributes:
        cells: Everything the file says, by column.
        kind: How the person is named; None when the row names nobody.
        value: The name itself, as it was written.
    """

    cells: Cells
    kind: IdentifierKind | None
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the file is written.

    Attributes:
        delimiter: Between the cells of a CSV line; None for JSON Lines.
        has_bom: Whether it starts with a byte order mark, as spreadsheets like it.
    """

    delimiter: str | None
    has_bom: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one reading of the whole file told.

    Attributes:
        columns: Every column, in order of appearance.
        rows: How many people there are.
        digest: SHA-256 of the bytes, in hex.
    """

    columns: tuple[str, ...]
    rows: int
    digest: str


@contextmanager
def open_people(path: Path) -> Iterator[BinaryIO]:
    """The file, or standard input for ``-``; what cannot be read twice is kept on disk."""
    if path == STDIN:
        yield from _rewindable(sys.stdin.buffer)
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    with stream:
        yield from _rewindable(stream)


def _rewindable(stream: BinaryIO) -> Iterator[BinaryIO]:
    if stream.seekable():
        yield stream
        return
    # Without a name from the start: even after kill -9 no copy of the people is left behind.
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        yield copy


def detect_layout(stream: BinaryIO) -> Layout:
    """Tell JSON Lines from CSV, and how CSV cells are parted, by looking at the start."""
    stream.seek(0)
    start = stream.read(_SNIFFED_BYTES)
    has_bom = start.startswith(_BOM)
    text = start.removeprefix(_BOM).decode(errors="replace")
    match text.lstrip()[:1]:
        case "":
            raise InputError("the file is empty")
        case "[":
            raise InputError("the file is a JSON array; expected one JSON object per line")
        case "{":
            return Layout(delimiter=None, has_bom=has_bom)
    delimiter = max(_DELIMITERS, key=lambda candidate: _plausibility(text, candidate))
    return Layout(delimiter=delimiter, has_bom=has_bom)


def _plausibility(text: str, delimiter: str) -> tuple[bool, int]:
    """The right delimiter brings known columns to light, and parts the header the most."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(filter(None, rows), [])
    except csv.Error:
        return False, 0
    return any(kind_named(name) for name in header), len(header)


async def survey(stream: BinaryIO, layout: Layout) -> Survey:
    """Read everything once, and refuse the file at its first fault."""
    digest = hashlib.sha256()
    lines = _lines(stream, digest.update)
    # A dict keeps the order; a CSV file has its columns even when it has no rows.
    columns: dict[str, None] = {}
    rows = 0
    for rows, cells in enumerate(_cells(lines, layout, columns), 1):
        columns.update(dict.fromkeys(cells))
        if len(columns) > MAX_COLUMNS:
            raise InputError(f"the file has more than {MAX_COLUMNS} different columns")
        if rows % _ROWS_PER_TURN == 0:
            await asyncio.sleep(0)
    return Survey(columns=tuple(columns), rows=rows, digest=digest.hexdigest())


def read_people(
    stream: BinaryIO, layout: Layout, identified_by: Sequence[tuple[str, IdentifierKind]]
) -> Iterator[Row]:
    """Every person of the file, in its order, under the best name the row has."""
    for cells in _cells(_lines(stream), layout, {}):
        kind, value = _name_of(cells, identified_by)
        yield Row(cells, kind, value)


def _name_of(
    cells: Mapping[str, Any], identified_by: Sequence[tuple[str, IdentifierKind]]
) -> tuple[IdentifierKind | None, str]:
    for column, kind in identified_by:
        if value := cell_text(cells.get(column)).strip():
            return kind, value
    return None, ""


def cell_text(value: Any) -> str:
    """A JSON value as the text of one cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _cells(lines: Iterator[str], layout: Layout, columns: dict[str, None]) -> Iterator[Cells]:
    if layout.delimiter is None:
        return _json_cells(lines)
    return _csv_cells(lines, layout.delimiter, columns)


def _json_cells(lines: Iterator[str]) -> Iterator[Cells]:
    decoder = msgspec.json.Decoder(Cells)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, RecursionError):
            raise InputError(f"line {number} is not a JSON object") from None


def _csv_cells(lines: Iterator[str], delimiter: str, columns: dict[str, None]) -> Iterator[Cells]:
    # Strict: a quote that is never closed would otherwise swallow the people after it.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    names: list[str] = []
    try:
        for texts in reader:
            if not texts:
                continue
            if names:
                yield _named_cells(names, texts, reader.line_num)
            else:
                names = _distinct(texts)
                columns.update(dict.fromkeys(names))
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} is not well-formed CSV: {error}") from None


def _named_cells(names: list[str], texts: list[str], line: int) -> Cells:
    if any(texts[len(names) :]):
        raise InputError(
            f"line {line} has {len(texts)} cells and the header {len(names)}; "
            "a cell that holds the delimiter must stand in quotes"
        )
    missing = [""] * (len(names) - len(texts))
    return dict(zip(names, texts + missing, strict=False))


def _distinct(header: list[str]) -> list[str]:
    """Names for all columns: nameless ones by position, repeated ones with a number."""
    names: dict[str, None] = {}
    for position, text in enumerate(header, 1):
        wanted = name = text.strip() or f"column_{position}"
        again = 1
        while name in names:
            again += 1
            name = f"{wanted}_{again}"
        names[name] = None
    return list(names)


def _lines(stream: BinaryIO, observe: Callable[[bytes], None] | None = None) -> Iterator[str]:
    stream.seek(0)
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if observe is not None:
            observe(raw)
        if len(raw) > MAX_LINE_BYTES:
            raise InputError(f"line {number} is longer than {MAX_LINE_BYTES} bytes")
        try:
            yield (raw.removeprefix(_BOM) if number == 1 else raw).decode()
        except UnicodeDecodeError:
            raise InputError(
                f"line {number} is not UTF-8; save the file as UTF-8 and try again"
            ) from None
