"""What travels in ``limit``: the same facts as in enrich-stream, in the least bytes and types."""

from typing import Any

import msgspec


class Job(msgspec.Struct, frozen=True):
    """What every record of a job carries."""

    id: str
    total: int
    fields: tuple[str, ...]


class Item(msgspec.Struct, frozen=True):
    """One person of a job."""

    index: int
    given: dict[str, str]
    identifier: str


class Work(msgspec.Struct, frozen=True):
    """A request or a task: items of a job that are to be done."""

    job: Job
    items: tuple[Item, ...]


class Settled(msgspec.Struct, frozen=True):
    """One item with its outcome, its answer, and what the provider said."""

    index: int
    outcome: str
    answer: msgspec.Raw
    evidence: msgspec.Raw


class Results(msgspec.Struct, frozen=True):
    """Settled items of a job."""

    job: Job
    items: tuple[Settled, ...]


class Header(msgspec.Struct):
    """How far a job is: the set of its settled items, never a counter."""

    job: Job
    settled: str = "0"

    @property
    def is_complete(self) -> bool:
        """Whether every item is settled."""
        return int(self.settled, 16) == (1 << self.job.total) - 1


class Contact(msgspec.Struct, frozen=True):
    """The public output, and what is remembered of a person."""

    id: str
    identifier: str
    outcome: str
    evidence: msgspec.Raw


class Reply(msgspec.Struct):
    """What the provider answers."""

    fields: dict[str, dict[str, Any]]


TOPICS = ("requests", "tasks", "results", "contacts")
TABLES = ("jobs", "items", "memory")
"""Each is a RocksDB and a changelog topic ``<table>-changelog``."""
PARTITIONS = 8


def names(prefix: str) -> list[str]:
    """Every topic of an installation."""
    return [f"{prefix}-{name}" for name in (*TOPICS, *(f"{table}-changelog" for table in TABLES))]
