"""Builds the store of the operator's file, streaming: memory does not grow with the file."""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from enrich_stream.errors import InputError
from enrich_stream.providers.directory.person import Person, read_person
from enrich_stream.providers.directory.rows import Problem, Row, read_rows
from enrich_stream.providers.directory.store import (
    DirectoryStore,
    LoadReport,
    name_of,
    store_path,
    store_prefix,
)

LOGGED_PROBLEMS = 20
CACHE_KIB = 64 * 1024
"""Page cache while building. The index is filled in random order, so this decides the speed."""

_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE people (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, person BLOB NOT NULL);
CREATE TABLE names (
    kind TEXT NOT NULL, name TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE summary (report BLOB NOT NULL);
"""


def build_store(source: Path, data_dir: Path, phone_region: str | None) -> Path:
    """Builds the store of the file as it is now, unless it is there, and removes older ones.

    Raises:
        InputError: The file cannot be used as a whole, or changed while it was read.
        OSError: The file cannot be read, or the data directory not written.
    """
    with _only_builder(data_dir):
        target = store_path(source, data_dir, phone_region)
        if not _is_complete(target):
            _build(source, target, phone_region)
            if store_path(source, data_dir, phone_region) != target:
                target.unlink()
                raise InputError("the file changed while it was read")
        for other in data_dir.glob(f"{store_prefix(source)}*"):
            if other != target:
                other.unlink(missing_ok=True)  # who has it open still reads it to the end
    return target


def problems(
    source: Path, scratch: Path, phone_region: str | None, report: LoadReport
) -> Iterator[Problem]:
    """Every problem of the file, as loading meets it, while ``report`` counts along.

    Args:
        source: The operator's file.
        scratch: A file that is not there yet; the store is built in it.
        phone_region: The country of phones that do not say theirs.
        report: Is complete when the iterator is at its end.
    """
    scratch.touch(mode=0o600)  # before SQLite makes it readable to all: it holds personal data
    with closing(sqlite3.connect(scratch)) as connection:
        connection.executescript(_SCHEMA)
        with connection:
            for problem in _fill(connection, read_rows(source), phone_region, report):
                if len(report.first_problems) < LOGGED_PROBLEMS:
                    report.first_problems.append(problem)
                yield problem
            connection.execute("INSERT INTO summary VALUES (?)", [msgspec.json.encode(report)])


def _build(source: Path, target: Path, phone_region: str | None) -> None:
    scratch = target.with_suffix(".building")
    scratch.unlink(missing_ok=True)
    for _ in problems(source, scratch, phone_region, LoadReport()):
        pass  # the first ones are kept in the report
    # The name promises a complete store, also after a power cut.
    with scratch.open("rb") as file:
        os.fsync(file.fileno())
    scratch.replace(target)


def _is_complete(target: Path) -> bool:
    if not target.exists():
        return False
    try:
        with DirectoryStore(target):
            return True
    except sqlite3.Error:
        return False


def _fill(
    connection: sqlite3.Connection,
    rows: Iterable[Row | Problem],
    phone_region: str | None,
    report: LoadReport,
) -> Iterator[Problem]:
    for row in rows:
        report.rows += 1
        if isinstance(row, Problem):
            report.skipped += 1
            yield row
            continue
        person, faults = read_person(row, phone_region)
        kept = _claim_names(connection, person, report.people + 1, faults)
        if kept:
            report.people += 1
            report.left_out += len(faults)
            blob = msgspec.json.encode(msgspec.structs.replace(person, identifiers=kept))
            connection.execute(
                "INSERT INTO people VALUES (?, ?, ?)", [report.people, row.line, blob]
            )
            yield from (Problem(row.line, fault, skipped=False) for fault in faults)
        else:
            report.skipped += 1
            reason = "; ".join(["no identifier to find the person by", *faults])
            yield Problem(row.line, reason, skipped=True)


def _claim_names(
    connection: sqlite3.Connection, person: Person, person_id: int, faults: list[str]
) -> tuple[str, ...]:
    """The identifiers that no earlier row has; the others become faults."""
    kept = []
    for identifier in person.identifiers:
        kind, name = name_of(identifier)
        claim = connection.execute(
            "INSERT OR IGNORE INTO names VALUES (?, ?, ?)", (kind, name, person_id)
        )
        if claim.rowcount:
            kept.append(identifier)
        else:
            (line,) = connection.execute(
                "SELECT line FROM names JOIN people USING (id) WHERE kind = ? AND name = ?",
                (kind, name),
            ).fetchone()
            faults.append(f"{identifier.partition(':')[0]} is already used on line {line}")
    return tuple(kept)


@contextmanager
def _only_builder(data_dir: Path) -> Iterator[None]:
    """Holds off other workers' builders; they then find the store built."""
    with (data_dir / "directory.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
