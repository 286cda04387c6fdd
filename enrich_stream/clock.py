"""The one place where the wall clock is read, so that tests can set it."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """A moment as the records and the HTTP contract write it: ISO 8601, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def present() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def now() -> str:
    """The present moment as ``iso`` writes it."""
    return iso(present())
