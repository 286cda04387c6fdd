"""Reads the operator's file row by row; what cannot be read becomes a problem with its line.

Never holds more than a few lines, whatever the file holds: lines and rows are bounded, and a quote
that is not closed costs one line and not the rest of the file.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from enrich_stream.errors import InputError
from enrich_stream.providers.directory.members import IDENTIFIERS, member_of

MAX_LINE_BYTES = 1024 * 1024
MAX_ROW_LINES = 200
"""More lines than any address block or note in a quoted cell; more means a quote stayed open."""

A_NUL = "contains a NUL character"

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Problem(msgspec.Struct, frozen=True):
    """Something in the file that could not be used.

    Attributes:
        line: Where the row starts, counted from 1.
        reason: What is wrong, without the data itself.
        skipped: True when the whole row was skipped, False when one value was left out.
    """

    line: int
    reason: str
    skipped: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One person as written in the file: pairs of member and raw value, in the file's order."""

    line: int
    cells: Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    fault: str | None = None


def read_rows(path: Path) -> Iterator[Row | Problem]:
    """Every row of the file, or why it cannot be one.

    Raises:
        InputError: The file as a whole is not what it should be.
        OSError: The file cannot be read.
    """
    if (suffix := path.suffix.lower()) not in _READERS:
        raise InputError(f"the file's name must end in {' or '.join(_READERS)}")
    with path.open("rb") as file:
        if not (start := file.peek(len(_UTF8_BOM))):
            raise InputError("the file is empty")
        if start.startswith(_UTF16_BOMS):
            raise InputError("the file is UTF-16; save it as UTF-8")
        if start.startswith(_UTF8_BOM):
            file.seek(len(_UTF8_BOM))
        yield from _READERS[suffix](_lines(file))


def _lines(file: BinaryIO) -> Iterator[_Line]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES):
        number += 1
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            _skip_line(file)
            yield _Line(number, "", f"longer than {MAX_LINE_BYTES} bytes")
        elif b"\0" in raw:
            yield _Line(number, "", A_NUL)
        else:
            yield _Line(number, _decoded(raw))


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # What spreadsheets on Windows write; per line, as exports are known to be mixed.
        return raw.decode("cp1252", errors="replace")


def _json_rows(lines: Iterator[_Line]) -> Iterator[Row | Problem]:
    for line in lines:
        try:
            members = _json_object(line)
        except InputError as error:
            yield Problem(line.number, str(error), skipped=True)
        else:
            if members:
                yield Row(line.number, _known_members(members))


def _json_object(line: _Line) -> dict[str, object]:
    if line.fault:
        raise InputError(line.fault)
    decoded = read_json(line.text) if line.text.strip() else {}
    if not isinstance(decoded, dict):
        raise InputError("not one JSON object on one line")
    return decoded


def read_json(text: str) -> object:
    """What a JSON text of the operator says; raises ``InputError`` without repeating it."""
    if "\\u0000" in text:
        raise InputError(A_NUL)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InputError("not valid JSON") from None


def _known_members(decoded: dict[str, object]) -> list[tuple[str, object]]:
    named = ((member_of(name), value) for name, value in decoded.items())
    return [(member, value) for member, value in named if member]


class _Lines:
    """The lines of a CSV file as ``csv.reader`` takes them, to be given back after a broken row."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._given_back: deque[_Line] = deque()
        self._row: list[_Line] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self._row.append(line)
        if line.fault:
            raise InputError(line.fault)
        if len(self._row) > MAX_ROW_LINES:
            raise InputError("a quote is not closed")
        return line.text

    def first_number(self) -> int:
        return self._row[0].number

    def end_row(self) -> None:
        self._row.clear()

    def give_back_all_but_first(self) -> None:
        self._given_back.extendleft(reversed(self._row[1:]))
        self._row.clear()


def _csv_rows(lines: Iterator[_Line]) -> Iterator[Row | Problem]:
    header_line = next((line for line in lines if line.text.strip()), _Line(1, ""))
    delimiter = max(",;\t", key=header_line.text.count)
    members = _header_members(header_line.text, delimiter)
    for number, cells in _csv_cells(_Lines(lines), delimiter):
        if isinstance(cells, str):
            yield Problem(number, cells, skipped=True)
        elif any(cell.strip() for cell in cells[len(members) :]):
            yield Problem(number, "more cells than the header", skipped=True)
        elif any(cells):
            # A shorter row is fine: spreadsheets drop the empty cells at its end.
            pairs = zip(members, cells, strict=False)
            yield Row(number, [(member, cell) for member, cell in pairs if member])


def _header_members(text: str, delimiter: str) -> list[str | None]:
    try:
        names = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        names = []
    members = [member_of(name) for name in names]
    if not any(member in IDENTIFIERS for member in members):
        raise InputError(
            "no column names a person; the first row must have at least one of "
            + ", ".join(IDENTIFIERS)
        )
    return members


def _csv_cells(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each row's first line with its cells, or with what is wrong."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except InputError as error:
            yield lines.first_number(), str(error)
            lines.give_back_all_but_first()
        except csv.Error:  # its message may repeat the data
            yield lines.first_number(), "not valid CSV, or a quote is not closed"
            lines.give_back_all_but_first()
        else:
            yield lines.first_number(), cells
            lines.end_row()


_READERS: Mapping[str, Callable[[Iterator[_Line]], Iterator[Row | Problem]]] = {
    ".csv": _csv_rows,
    ".jsonl": _json_rows,
}
