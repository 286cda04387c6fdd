"""The standby's own copy of the jobs: changelog records go in, job views come out.

One RocksDB database. Each batch of records is written together with the offsets it reaches to,
so that after a crash the copy is exactly as far as its offsets say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import rocksdict
import structlog

from enrich_stream import job
from enrich_stream.errors import SetupError, UnreadableRecordError
from enrich_stream.records import Job, JobHeader, JobItem, R, Record, SettledItem, decode, encode

log = structlog.get_logger(__name__)

_ACCEPTED, _HEADER, _ITEM, _OFFSET = b"a/", b"j/", b"i/", b"o/"


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

    def __init__(self, path: Path, options: rocksdict.Options) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._db = rocksdict.Rdict(str(path), options=options)
        except Exception as error:  # noqa: BLE001 - RocksDB raises nothing more precise
            raise SetupError(
                f"the standby cannot open {path}: {error}; is another process using its"
                " ENRICH_DATA_DIR? Broken files can be deleted: they are rebuilt from Kafka"
            ) from None

    def close(self) -> None:
        """Flush and close."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything."""
        self._db.delete_range(b"", b"\xff")

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
        touched = {item.key.decode().partition("/")[0] for item in items}
        for item in items:
            _put(batch, _ITEM + item.key, item.value)
        touched |= self._apply_headers(batch, headers)
        touched |= self._apply_requests(batch, requests)
        for (topic, partition), offset in offsets.items():
            batch.put(_OFFSET + f"{topic}/{partition}".encode(), str(offset).encode())
        self._db.write(batch)
        return touched

    def view(self, job_id: str) -> JobView | None:
        """The job, or None when nothing is known of it."""
        key = job_id.encode()
        row = self._db.get(_HEADER + key)
        if row is not None:
            header = decode(row, JobHeader)
            return JobView(header, self._items(header))
        accepted = self._db.get(_ACCEPTED + key)
        if accepted is None:
            return None
        opened = msgspec.json.decode(accepted, type=Job)
        return JobView(job.open_job(opened, opened.accepted_at), ())

    def _items(self, header: JobHeader) -> tuple[SettledItem, ...]:
        keys: list[str | int | float | bytes | bool] = [
            _ITEM + job.item_key(header.job.id, index).encode() for index in range(header.job.total)
        ]
        rows: list[bytes | None] = self._db.get(keys) or []
        return tuple(decode(row, JobItem).item for row in rows if row is not None)

    def _apply_headers(self, batch: rocksdict.WriteBatch, headers: Iterable[Change]) -> set[str]:
        latest: dict[bytes, JobHeader | None] = {}
        for change in headers:
            header = _readable(change, JobHeader)
            before = latest[change.key] if change.key in latest else self._header(change.key)
            latest[change.key] = job.merge(before, header) if before and header else header
        for key, merged in latest.items():
            _put(batch, _HEADER + key, encode(merged) if merged else None)
            batch.delete(_ACCEPTED + key)
        return {key.decode() for key in latest}

    def _apply_requests(self, batch: rocksdict.WriteBatch, requests: Iterable[Change]) -> set[str]:
        touched: set[str] = set()
        for change in requests:
            request = _readable(change, _Accepted)
            # A key of another job is a record that the workers bury.
            if request is None or request.job.id.encode() != change.key:
                continue
            if self._db.get(_HEADER + change.key) is None:
                batch.put(_ACCEPTED + change.key, encode(request.job))
                touched.add(change.key.decode())
        return touched

    def _header(self, key: bytes) -> JobHeader | None:
        row = self._db.get(_HEADER + key)
        return decode(row, JobHeader) if row is not None else None


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
