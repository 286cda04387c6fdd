"""The built form of the operator's file: an SQLite file that is never written to again.

Its name says which file in which state it was built from, so a worker finds the right one after a
restart, and workers that share a data directory share the store. A changed file gets a new store;
the old one answers until the new one is complete.
"""

import sqlite3
from hashlib import blake2b
from pathlib import Path
from typing import Self
from urllib.parse import quote

import msgspec
import phonenumbers

from enrich_stream.person import Identifier
from enrich_stream.providers.directory.person import Person
from enrich_stream.providers.directory.rows import Problem

SCHEMA_VERSION = 1
"""To be raised when the tables, ``Person`` or the reading of rows change."""

CACHE_KIB = 8 * 1024
"""Page cache of one open store. It holds the upper levels of the index of a million people."""

_FIND = "SELECT person FROM names JOIN people USING (id) WHERE kind = ? AND name = ?"


class LoadReport(msgspec.Struct, kw_only=True):
    """What became of the rows of a file.

    Attributes:
        rows: Rows with anything in them.
        people: Rows that can be found by an identifier.
        skipped: Rows that could not be used.
        left_out: Values that could not be used, in rows that could.
        first_problems: The first of both, for the log.
    """

    rows: int = 0
    people: int = 0
    skipped: int = 0
    left_out: int = 0
    first_problems: list[Problem] = []  # msgspec copies it for each report


def store_prefix(source: Path) -> str:
    """How the names of all stores of that file begin."""
    return f"directory-{_digest(str(source.resolve()))}-"


def store_path(source: Path, data_dir: Path, phone_region: str | None) -> Path:
    """Where the store of the file as it is now belongs; raises ``OSError`` when it is not there."""
    stat = source.stat()
    # A new version of the numbering plans may call other phones valid.
    state = (
        stat.st_size,
        stat.st_mtime_ns,
        SCHEMA_VERSION,
        phone_region,
        phonenumbers.__version__,
    )
    return data_dir / f"{store_prefix(source)}{_digest(repr(state))}.sqlite"


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()


def name_of(identifier: str) -> tuple[str, str]:
    """The index row of an identifier key; the kind shortened, as there are millions of them."""
    kind, _, value = identifier.partition(":")
    return kind[0], value


class DirectoryStore:
    """Finds people in a built store. One look-up reads a few pages and takes microseconds."""

    def __init__(self, path: Path) -> None:
        """Opens a store; raises ``sqlite3.Error`` when it is none."""
        self.path = path
        # "immutable" spares the look-ups all locks: a complete store is never written to.
        self._connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro&immutable=1",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        self._person = msgspec.json.Decoder(Person)
        try:
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            (report,) = self._connection.execute("SELECT report FROM summary").fetchone()
        except (sqlite3.Error, TypeError) as error:
            self._connection.close()
            raise sqlite3.DatabaseError("not a complete store") from error
        self.report = msgspec.json.decode(report, type=LoadReport)

    def find(self, identifier: Identifier) -> Person | None:
        """The person of that name, if there is one; raises ``sqlite3.Error`` on a broken disk."""
        row = self._connection.execute(_FIND, name_of(str(identifier))).fetchone()
        return self._person.decode(row[0]) if row else None

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
