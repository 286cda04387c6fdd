"""What a dead letter is: the record as it was, and in headers where it is from and why.

Key and value are the original's bytes. Its own headers stand beside those that begin with
``dead-letter-``, which say which stage put it aside, the reason, and the original's topic,
partition and offset.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from enrich_stream.errors import InputError

_PREFIX = "dead-letter-"

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was found."""

    topic: str
    partition: int
    offset: int


def headers_of(
    stage: str, reason: str, origin: Origin, own: Iterable[tuple[str, bytes]]
) -> Headers:
    """The headers of a dead letter; those of an earlier burial do not stay."""
    told = {
        "stage": stage,
        "reason": reason,
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
    }
    return (
        *_without_ours(own),
        *((f"{_PREFIX}{name}", text.encode()) for name, text in told.items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One record of the dead-letter topic.

    Attributes:
        partition: Of the dead-letter topic.
        offset: The same.
        timestamp_ms: When it was put aside, by Kafka's clock.
        stage: The agent that put it aside.
        reason: Why.
        origin: Where the record was; None when the headers do not say.
        key: The original's.
        value: The original's.
        headers: The original's.
    """

    partition: int
    offset: int
    timestamp_ms: int
    stage: str
    reason: str
    origin: Origin | None
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def of(cls, record: Any) -> Self:
        """The dead letter in a consumer record."""
        told = {name: text for name, text in record.headers if name.startswith(_PREFIX)}
        return cls(
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp,
            stage=_text(told, "stage"),
            reason=_text(told, "reason"),
            origin=_origin(told),
            key=record.key,
            value=record.value,
            headers=_without_ours(record.headers),
        )

    @property
    def id(self) -> str:
        """How operators name it: ``partition/offset``."""
        return f"{self.partition}/{self.offset}"

    @property
    def put_aside_at(self) -> datetime:
        """When it was put aside, UTC."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)

    @property
    def size(self) -> int:
        """Of the value, in bytes."""
        return len(self.value or b"")

    def return_address(self) -> Origin:
        """Where it goes back to; ``InputError`` when nobody has written that down."""
        if self.origin is None:
            raise InputError(f"{self.id} does not say where it is from; it can only be dropped")
        return self.origin


def _without_ours(headers: Iterable[tuple[str, bytes]]) -> Headers:
    return tuple((name, value) for name, value in headers if not name.startswith(_PREFIX))


def _text(told: dict[str, bytes], name: str) -> str:
    return told.get(f"{_PREFIX}{name}", b"").decode(errors="replace")


def _origin(told: dict[str, bytes]) -> Origin | None:
    try:
        return Origin(
            _text(told, "topic"), int(_text(told, "partition")), int(_text(told, "offset"))
        )
    except ValueError:
        return None
