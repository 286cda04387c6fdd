"""Cutting rows into batches, and what is sent for one of them."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from enrich_stream.person import Field
from enrich_stream.submit.people_file import Row

# The most that the HTTP contract takes at once.
BATCH_ROWS = 100
# No identifier is as long; with it a full batch stays below the size the server takes.
MAX_IDENTIFIER_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of the file.

    Attributes:
        index: Which batch of the file, from 0.
        rows: At most ``BATCH_ROWS``.
    """

    index: int
    rows: tuple[Row, ...]


def cut(rows: Iterable[Row]) -> Iterator[Batch]:
    """All rows in order, in batches that are full except the last."""
    remaining = iter(rows)
    index = 0
    while taken := tuple(islice(remaining, BATCH_ROWS)):
        yield Batch(index, taken)
        index += 1


def fault_of(row: Row) -> str | None:
    """Why a row cannot be sent at all; the server judges everything else."""
    if row.kind is None:
        return "the row names no person"
    if len(row.value) > MAX_IDENTIFIER_CHARACTERS:
        return "longer than any identifier"
    return None


def request_body(rows: Sequence[Row], fields: Sequence[Field]) -> bytes:
    """The body of the POST that asks about these rows."""
    body = {"identifiers": identifiers_of(rows), "fields": [str(f) for f in fields]}
    return msgspec.json.encode(body)


def identifiers_of(rows: Sequence[Row]) -> list[dict[str, str]]:
    """The rows' identifiers, as they are sent and as answers repeat them."""
    return [{str(row.kind): row.value} for row in rows]


def idempotency_key(body: bytes, salt: str) -> str:
    """The same for the same people and fields, so that a repeat is recognised, not paid again.

    Args:
        body: What ``request_body`` made.
        salt: Empty, or something new for a run that is to ask everything again.
    """
    return "submit-" + hashlib.sha256(salt.encode() + b"\n" + body).hexdigest()
