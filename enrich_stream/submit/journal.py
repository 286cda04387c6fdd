"""How far a run has come, on disk beside its output, so that it can be continued.

The journal is JSON Lines: first what the run was started with, then one line for each batch
that the server has accepted and one for each that stands in the output. Every line is on disk
before the run goes on, so after kill -9 at most the last line is torn, and that one is dropped.
"""

import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from enrich_stream.errors import InputError


class RunHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run was started with; it is continued only with the same.

    Attributes:
        input: The digest of the input.
        fields: What is asked for.
        identified_by: The columns that name a person, with their kinds.
        url: The service.
        salt: What sets the keys of this run apart; see ``idempotency_key``.
    """

    input: str
    fields: tuple[str, ...]
    identified_by: tuple[tuple[str, str], ...]
    url: str
    salt: str = ""


class AcceptedBatch(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="accepted"
):
    """The server has taken a batch.

    Attributes:
        batch: Which.
        job_id: The job that it became; empty when no row of it could be sent.
        faults: What is wrong with the rows that were left out, by position in the batch.
    """

    batch: int
    job_id: str
    faults: dict[int, str] = {}


class WrittenBatch(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="written"
):
    """A batch, and all before it, stands in the output.

    Attributes:
        batch: Which.
        size: The length of the output after it, in bytes.
        counts: What became of its rows.
    """

    batch: int
    size: int
    counts: dict[str, int]


class Journal:
    """The journal of one run, locked while it is open.

    Attributes:
        path: Where it is kept.
        written_batches: How many batches stand in the output.
        written_bytes: How long the output is with them.
        counts: What became of their rows.
        accepted: Batches that the server has taken and that do not stand in the output yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written_batches = 0
        self.written_bytes = 0
        self.counts: Counter[str] = Counter()
        self.accepted: dict[int, AcceptedBatch] = {}
        self._file = path.open("a+b")
        self._lock()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InputError(f"{self.path}: another run is writing to this output") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def resume(self) -> RunHeader | None:
        """Read what an earlier run left; None when there was none."""
        lines = self._whole_lines()
        first = next(lines, None)
        if first is None:
            return None
        try:
            header = msgspec.json.decode(first, type=RunHeader)
            for line in lines:
                self._replay(msgspec.json.decode(line, type=AcceptedBatch | WrittenBatch))
        except msgspec.DecodeError:
            raise InputError(
                f"{self.path} is not a journal of this version; --restart starts over"
            ) from None
        return header

    def _whole_lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            yield line
        self._file.truncate(end)

    @property
    def has_batches(self) -> bool:
        """Whether the server has accepted anything of this run."""
        return bool(self.written_batches or self.accepted)

    def begin(self, header: RunHeader) -> None:
        """Start over."""
        self._file.truncate(0)
        self.accepted.clear()
        self.counts.clear()
        self.written_batches = self.written_bytes = 0
        self._append(header)
        _flush_folder(self.path.parent)

    def accept(self, accepted: AcceptedBatch) -> None:
        """Note that the server has taken a batch."""
        self._append(accepted)
        self._replay(accepted)

    def write(self, written: WrittenBatch) -> None:
        """Note that a batch stands in the output, on disk."""
        self._append(written)
        self._replay(written)

    def remove(self) -> None:
        """The run has ended; nothing is left to continue."""
        self.path.unlink()

    def _append(self, line: msgspec.Struct) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _replay(self, line: AcceptedBatch | WrittenBatch) -> None:
        if isinstance(line, AcceptedBatch):
            self.accepted[line.batch] = line
            return
        self.accepted.pop(line.batch, None)
        self.counts.update(line.counts)
        self.written_batches = line.batch + 1
        self.written_bytes = line.size


def differences(before: RunHeader, now: RunHeader) -> list[str]:
    """In which words of the user two runs differ."""
    named: Mapping[str, tuple[Any, Any]] = {
        "the input file": (before.input, now.input),
        "--fields": (before.fields, now.fields),
        "--column": (before.identified_by, now.identified_by),
        "--url": (before.url, now.url),
    }
    return [name for name, (then, here) in named.items() if then != here]


def _flush_folder(folder: Path) -> None:
    """Make the journal's name as durable as its content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
