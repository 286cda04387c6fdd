"""How dead letters look on a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from enrich_stream import clock
from enrich_stream.dead_letters.box import HandledDeadLetter
from enrich_stream.dead_letters.letter import DeadLetter

_COLUMNS = {
    "id": "id",
    "put_aside_at": "put aside",
    "origin": "from",
    "stage": "stage",
    "reason": "reason",
    "bytes": "bytes",
    "state": "state",
}


def summary(letter: DeadLetter, mark: HandledDeadLetter | None) -> dict[str, Any]:
    """One line of the list: nothing of the record itself."""
    origin = letter.origin
    return {
        "id": letter.id,
        "put_aside_at": clock.iso(letter.put_aside_at),
        "origin": f"{origin.topic}/{origin.partition}/{origin.offset}" if origin else "unknown",
        "stage": letter.stage,
        "reason": letter.reason,
        "bytes": letter.size,
        "state": f"{mark.action} {mark.at}" if mark else "open",
    }


def print_table(rows: Iterable[Mapping[str, Any]]) -> None:
    """All of them, for people."""
    table = Table(*_COLUMNS.values())
    for row in rows:
        table.add_row(*(str(row[name]) for name in _COLUMNS))
    if table.row_count:
        Console(highlight=False).print(table)
    else:
        typer.echo("Nothing was put aside.")


def print_letter(letter: DeadLetter, mark: HandledDeadLetter | None, *, reveal: bool) -> None:
    """One of them; its key, headers and value only to those who ask for them."""
    for name, text in summary(letter, mark).items():
        typer.echo(f"{_COLUMNS[name]:<11}{text}")
    typer.echo(f"{'key':<11}{_content(letter.key, reveal=reveal)}")
    for name, value in letter.headers:
        typer.echo(f"{'header':<11}{name if reveal else '…'}: {_content(value, reveal=reveal)}")
    typer.echo(f"{'value':<11}{_content(letter.value, reveal=reveal)}")


def _content(data: bytes | None, *, reveal: bool) -> str:
    if data is None:
        return "none"
    return data.decode(errors="backslashreplace") if reveal else f"{len(data)} bytes (--reveal)"
