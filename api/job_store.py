"""The standby's own copy of the jobs: changelog records go in, job views come out.

One RocksDB database. Each batch of records is written together with the offsets it reaches to,
so that after a crash the copy is exactly as far as its offsets say.
"""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, takewhile
from pathlib import Path

import msgspec
import rocksdict
import structlog

from enrich_stream import clock, job
from enrich_stream.errors import UnreadableRecordError
from enrich_stream.records import (
    Job,
    JobHeader,
    JobItem,
    Lane,
    R,
    Record,
    SettledItem,
    decode,
    encode,
)
from enrich_stream.rocks import storage_error

log = structlog.get_logger(__name__)

_ACCEPTED, _HEADER, _ITEM, _OFFSET, _OPEN = b"a/", b"j/", b"i/", b"o/", b"q/"


class _Accepted(Record, frozen=True, kw_only=True):
    """Of a request only the job; its items are read by the workers."""

    job: Job


@dataclass(frozen=True, slots=True)
class Change:
    """One record of one of the topics that the standby follows.

    Attributes:
        key: The record's key, a job id or an item key.
        value: The record's value; None deletes.
    """

    key: bytes
    value: bytes | None


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as the standby knows it.

    Attributes:
        header: How far it is.
        items: What is settled, in the caller's order.
    """

    header: JobHeader
    items: tuple[SettledItem, ...]

    @property
    def is_complete(self) -> bool:
        """Whether it has ended and every row is here; rows and header travel on two topics."""
        return job.is_complete(self.header) and len(self.items) == self.header.job.total


class JobStore:
    """RocksDB with the jobs, their items, and how far each topic partition was read."""

    def __init__(self, path: Path, options: rocksdict.Options, retention: timedelta) -> None:
        self._path = path
        self._retention = retention
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._db = rocksdict.Rdict(str(path), options=options)
            self._open = dict(self._open_jobs())
        except Exception as error:  # noqa: BLE001 - RocksDB raises nothing more precise
            raise storage_error(path, error) from None
        self._open_counts = Counter(self._open.values())

    def close(self) -> None:
        """Flush and close."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything."""
        self._db.delete_range(b"", b"\xff")

    def open_jobs(self, lane: Lane, organisation: str | None = None) -> int:
        """How many jobs of a lane have not ended; of one organisation, or of all."""
        return sum(
            count
            for (whose, where), count in self._open_counts.items()
            if where == lane and organisation in (None, whose)
        )

    def offsets(self) -> dict[tuple[str, int], int]:
        """The next offset to read of each topic partition that was read before."""
        found: dict[tuple[str, int], int] = {}
        for key, value in self._db.items(from_key=_OFFSET):
            # In raw mode every key is bytes, which the library's types do not know.
            name = bytes(key)  # type: ignore[arg-type]
            if not name.startswith(_OFFSET):
                break
            topic, _, partition = name.removeprefix(_OFFSET).decode().rpartition("/")
            found[topic, int(partition)] = int(value)
        return found

    def apply(
        self,
        *,
        requests: Iterable[Change],
        headers: Iterable[Change],
        items: Sequence[Change],
        offsets: Mapping[tuple[str, int], int],
    ) -> set[str]:
        """Write one batch; returns the ids of the jobs that it touches."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        opened: _Opened = {}
        touched = {item.key.decode().partition("/")[0] for item in items}
        for item in items:
            _put(batch, _ITEM + item.key, item.value)
        touched |= self._apply_headers(batch, headers, opened)
        touched |= self._apply_requests(batch, requests, opened)
        for key, owner in opened.items():
            _put(batch, _OPEN + key, "/".join(owner).encode() if owner else None)
        for (topic, partition), offset in offsets.items():
            batch.put(_OFFSET + f"{topic}/{partition}".encode(), str(offset).encode())
        try:
            self._db.write(batch)
        except Exception as error:  # noqa: BLE001 - RocksDB raises nothing more precise
            raise storage_error(self._path, error) from None
        self._count(opened)
        return touched

    def jobs(self, after: str, limit: int) -> list[Job]:
        """The next jobs behind the id ``after``, in the order of their ids."""
        accepted = [msgspec.json.decode(v, type=Job) for v in self._next(_ACCEPTED, after, limit)]
        opened = [decode(value, JobHeader).job for value in self._next(_HEADER, after, limit)]
        return sorted(accepted + opened, key=lambda job_: job_.id)[:limit]

    def forget(self, jobs: Iterable[Job]) -> None:
        """Delete jobs with all that is known of them, as if their workers had."""
        gone = [
            (j.id.encode(), [job.item_key(j.id, i).encode() for i in range(j.total)]) for j in jobs
        ]
        self.apply(
            requests=(),
            headers=[Change(key, None) for key, _ in gone],
            items=[Change(item, None) for _, items in gone for item in items],
            offsets={},
        )

    def view(self, job_id: str) -> JobView | None:
        """The job, or None when nothing is known of it or it is no longer kept."""
        try:
            view = self._read(job_id.encode())
        except UnreadableRecordError:
            raise
        except Exception as error:  # noqa: BLE001 - RocksDB raises nothing more precise
            raise storage_error(self._path, error) from None
        return None if view is None or self._is_expired(view.header.job) else view

    def _read(self, key: bytes) -> JobView | None:
        row = self._db.get(_HEADER + key)
        if row is not None:
            header = decode(row, JobHeader)
            items = self._items(header)
            # The rows decide. A header may be behind them for ever, when a worker that had lost
            # its partitions was the last to write it.
            return JobView(job.settle(header, items, header.updated_at), items)
        accepted = self._db.get(_ACCEPTED + key)
        if accepted is None:
            return None
        opened = msgspec.json.decode(accepted, type=Job)
        return JobView(job.open_job(opened, opened.accepted_at), ())

    def _next(self, prefix: bytes, after: str, limit: int) -> list[bytes]:
        start = prefix + after.encode()
        # In raw mode every key is bytes, which the library's types do not know.
        rows: Iterator[tuple[bytes, bytes]] = self._db.items(from_key=start)  # type: ignore[assignment]
        inside = takewhile(lambda row: row[0].startswith(prefix), rows)
        return [value for key, value in islice(inside, limit + 1) if key != start][:limit]

    def _is_expired(self, job_: Job) -> bool:
        return job.is_expired(job_, clock.present(), self._retention)

    def _open_jobs(self) -> Iterable[tuple[bytes, tuple[str, Lane]]]:
        for key, value in self._db.items(from_key=_OPEN):
            name = bytes(key)  # type: ignore[arg-type]
            if not name.startswith(_OPEN):
                break
            organisation, _, lane = value.decode().rpartition("/")
            yield name.removeprefix(_OPEN), (organisation, Lane(lane))

    def _count(self, opened: Mapping[bytes, tuple[str, Lane] | None]) -> None:
        for key, owner in opened.items():
            before = self._open.pop(key, None)
            if before is not None:
                self._open_counts[before] -= 1
            if owner is not None:
                self._open[key] = owner
                self._open_counts[owner] += 1

    def _items(self, header: JobHeader) -> tuple[SettledItem, ...]:
        keys: list[str | int | float | bytes | bool] = [
            _ITEM + job.item_key(header.job.id, index).encode() for index in range(header.job.total)
        ]
        rows: list[bytes | None] = self._db.get(keys) or []
        return tuple(decode(row, JobItem).item for row in rows if row is not None)

    def _apply_headers(
        self, batch: rocksdict.WriteBatch, headers: Iterable[Change], opened: "_Opened"
    ) -> set[str]:
        latest: dict[bytes, JobHeader | None] = {}
        for change in headers:
            header = _readable(change, JobHeader)
            before = latest[change.key] if change.key in latest else self._header(change.key)
            latest[change.key] = job.merge(before, header) if before and header else header
        for key, merged in latest.items():
            _put(batch, _HEADER + key, encode(merged) if merged else None)
            batch.delete(_ACCEPTED + key)
            is_open = merged is not None and not job.is_complete(merged)
            opened[key] = _owner(merged.job) if merged and is_open else None
        return {key.decode() for key in latest}

    def _apply_requests(
        self, batch: rocksdict.WriteBatch, requests: Iterable[Change], opened: "_Opened"
    ) -> set[str]:
        touched: set[str] = set()
        for change in requests:
            request = _readable(change, _Accepted)
            # A key of another job is a record that the workers bury.
            if request is None or request.job.id.encode() != change.key:
                continue
            # One that is past its retention was deleted, or is about to be.
            if change.key in opened or self._is_expired(request.job):
                continue
            if self._db.get(_HEADER + change.key) is None:
                batch.put(_ACCEPTED + change.key, encode(request.job))
                opened[change.key] = _owner(request.job)
                touched.add(change.key.decode())
        return touched

    def _header(self, key: bytes) -> JobHeader | None:
        row = self._db.get(_HEADER + key)
        return decode(row, JobHeader) if row is not None else None


_Opened = dict[bytes, tuple[str, Lane] | None]
"""By job id, whose job it is while it has not ended; None once it has."""


def discard_standby(path: Path) -> None:
    """Delete the copy; it is read back from Kafka."""
    shutil.rmtree(path, ignore_errors=True)


def _owner(job_: Job) -> tuple[str, Lane]:
    return job_.organisation, job_.lane


def _put(batch: rocksdict.WriteBatch, key: bytes, value: bytes | None) -> None:
    if value is None:
        batch.delete(key)
    else:
        batch.put(key, value)


def _readable(change: Change, record_type: type[R]) -> R | None:
    """The record, or None for a deletion and for what the workers bury as unreadable."""
    if change.value is None:
        return None
    try:
        return decode(change.value, record_type)
    except UnreadableRecordError as error:
        log.warning("standby.unreadable", record=record_type.__name__, reason=str(error))
        return None
