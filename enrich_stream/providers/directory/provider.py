"""The provider over the operator's own records: answers from a store, watches the file."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import structlog
from phonenumbers import SUPPORTED_REGIONS

from enrich_stream.errors import InputError, SetupError
from enrich_stream.providers.base import Answer, Outcome, Question, everything
from enrich_stream.providers.directory.answers import answer
from enrich_stream.providers.directory.loading import load_store
from enrich_stream.providers.directory.store import DirectoryStore, LoadReport, store_path

FILE_SETTING = "ENRICH_DIRECTORY_FILE"
REGION_SETTING = "ENRICH_DIRECTORY_PHONE_REGION"

NOT_LOADED = "directory not loaded"
UNREADABLE = "directory could not be read"

RETRY_SECONDS = 60.0
"""Until a file that was refused is tried again unchanged: its permissions may have been mended."""

log = structlog.get_logger()


class DirectoryProvider:
    """The operator's own records: asked first, free, and never remembered elsewhere.

    Look-ups run on the event loop: a few pages from SQLite's cache take tens of microseconds,
    less than handing the call to a thread and back would.
    """

    name = "directory"
    answers = everything()
    is_local = True
    answers_at_once = True

    def __init__(
        self,
        file: Path,
        data_dir: Path,
        *,
        phone_region: str | None = None,
        poll_seconds: float = 5.0,
    ) -> None:
        """Sets up; nothing is read before ``start``.

        Args:
            file: The operator's records, ``.csv`` or ``.jsonl``.
            data_dir: Where stores are kept, on a local disk; workers may share it.
            phone_region: Country of phones that do not say theirs, for example ``US``.
            poll_seconds: How often to see whether the file has changed. Looking is what works on
                every kind of mounted volume, where notifications do not.
        """
        self._file = file
        self._data_dir = data_dir
        self._phone_region = phone_region
        self._poll_seconds = poll_seconds
        self._store: DirectoryStore | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._seen: Path | None = None
        self._refused: Path | None = None
        self._retry_at = 0.0

    async def start(self) -> None:
        """Loads the file, at once when its store from an earlier run is still there."""
        if self._phone_region not in {None, *SUPPORTED_REGIONS}:
            raise SetupError(f"{REGION_SETTING}: must be the code of a country, like US or GB")
        try:
            await self._load()
        except InputError as error:
            raise SetupError(f"{FILE_SETTING}: {self._file}: {error}") from error
        self._watcher = asyncio.create_task(self._watch(), name="directory-watcher")

    async def ask(self, question: Question) -> Answer:
        """Answers from the newest complete store."""
        if self._store is None:
            return Answer.same_for_all(question.fields, Outcome.UNKNOWN, NOT_LOADED)
        try:
            person = self._store.find(question.identifier)
        except sqlite3.Error as error:
            log.warning("directory.unreadable", error=type(error).__name__)
            return Answer.same_for_all(question.fields, Outcome.UNKNOWN, UNREADABLE)
        return answer(person, question, datetime.now(UTC))

    async def stop(self) -> None:
        """Stops watching and closes the store."""
        if self._watcher:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        if self._store:
            self._store.close()
        self._watcher = self._store = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            current = await asyncio.to_thread(self._current)
            # Twice the same: nobody is writing to it any more.
            if current and current == self._seen and self._is_new(current):
                await self._reload(current)
            elif not current and self._seen:
                log.warning("directory.file_gone", file=str(self._file))
            self._seen = current

    def _current(self) -> Path | None:
        try:
            return store_path(self._file, self._data_dir, self._phone_region)
        except OSError:
            return None

    def _is_new(self, current: Path) -> bool:
        refused = current == self._refused and asyncio.get_running_loop().time() < self._retry_at
        return not refused and not (self._store and current == self._store.path)

    async def _reload(self, current: Path) -> None:
        try:
            await self._load()
        except InputError as error:
            self._refused = current
            self._retry_at = asyncio.get_running_loop().time() + RETRY_SECONDS
            log.warning("directory.reload_refused", file=str(self._file), reason=str(error))

    async def _load(self) -> None:
        started = asyncio.get_running_loop().time()
        store = await load_store(self._file, self._data_dir, self._phone_region)
        # No look-up can be under way here: each one runs to its end without an await.
        if self._store:
            self._store.close()
        self._store, self._seen = store, store.path
        self._log_report(store.report, asyncio.get_running_loop().time() - started)

    def _log_report(self, report: LoadReport, seconds: float) -> None:
        log.info(
            "directory.loaded",
            file=str(self._file),
            rows=report.rows,
            people=report.people,
            skipped=report.skipped,
            left_out=report.left_out,
            seconds=round(seconds, 3),
        )
        if report.first_problems:
            shown = [f"line {problem.line}: {problem.reason}" for problem in report.first_problems]
            log.warning("directory.problems", file=str(self._file), first=shown)
