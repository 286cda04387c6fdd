"""What the standby reads from the topics it follows."""

from dataclasses import dataclass

import structlog

from enrich_stream.errors import UnreadableRecordError
from enrich_stream.records import R, decode

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """One record of one of the topics that the standby follows.

    Attributes:
        key: The record's key: a job id, an item key, a person, the hash of an Idempotency-Key.
        value: The record's value; None deletes.
    """

    key: bytes
    value: bytes | None


def readable(change: Change, record_type: type[R]) -> R | None:
    """The record, or None for a deletion and for what the workers bury as unreadable."""
    if change.value is None:
        return None
    try:
        return decode(change.value, record_type)
    except UnreadableRecordError as error:
        log.warning("standby.unreadable", record=record_type.__name__, reason=str(error))
        return None
