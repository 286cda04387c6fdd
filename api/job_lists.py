"""The lists of an organisation's jobs: one of all, and one of each status.

A list is a range of keys in the standby's RocksDB that sort by acceptance, so that a page of it
costs the same however many jobs are stored.
"""

from collections.abc import Iterator

from api.job_row import OPEN, JobRow
from enrich_stream.job import Status
from enrich_stream.records import Lane

_ANY = "any"


def lists_of(status: Status) -> bytes:
    """What the keys of all organisations' lists of a status begin with."""
    return f"l/{status}\0".encode()


def list_of(organisation: str, status: Status | None) -> bytes:
    """What the keys of a list begin with; None is the list of all."""
    # A zero byte is in none of the parts, so no list begins with the name of another.
    return f"l/{status or _ANY}\0{organisation}\0".encode()


def entries(row: JobRow) -> dict[bytes, bytes]:
    """The keys of a job in the lists, each with the job's lane; none while it has no header."""
    if row.header is None:
        return {}
    job = row.header.job
    place = f"{job.accepted_at}/{job.id}".encode()
    lists = (list_of(job.organisation, status) for status in (None, row.listed))
    return {name + place: job.lane.encode() for name in lists}


def place_of(entry: bytes) -> str:
    """Where in its list an entry is: the time of acceptance, a slash, and the job's id."""
    return entry.rpartition(b"\0")[2].decode()


def owners(row: JobRow) -> Iterator[tuple[str, Lane]]:
    """Whose the job is, and its lane, while it has not ended; nobody's from then on."""
    if row.header is not None and row.listed in OPEN:
        yield row.header.job.organisation, row.header.job.lane


def owner_of(entry: bytes, lane: bytes) -> tuple[str, Lane]:
    """The same from an entry of a list."""
    return entry.split(b"\0")[1].decode(), Lane(lane.decode())
