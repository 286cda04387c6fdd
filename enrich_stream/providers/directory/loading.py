"""Gets the store of the operator's file: the one built before, or a new one from a process."""

import asyncio
import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from enrich_stream.errors import InputError
from enrich_stream.providers.directory.store import DirectoryStore, store_path


class Built(msgspec.Struct, tag=True):
    """The building process says where the store is."""

    path: str


class Refused(msgspec.Struct, tag=True):
    """The building process says why there is no store."""

    reason: str


async def load_store(source: Path, data_dir: Path, phone_region: str | None) -> DirectoryStore:
    """The store of the file as it is now.

    Raises:
        InputError: The file cannot be used; the message says why, without what is in it.
    """
    try:
        await asyncio.to_thread(data_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
        path = await asyncio.to_thread(store_path, source, data_dir, phone_region)
        # Opening fails when it is not built yet, or was left broken by a crash of the machine.
        with suppress(sqlite3.Error):
            return DirectoryStore(path)
        return DirectoryStore(await _build_in_process(source, data_dir, phone_region))
    except OSError as error:
        raise InputError(reason_of(error)) from error
    except sqlite3.Error as error:
        raise InputError("its store was removed or broken while it was opened") from error


def reason_of(error: OSError) -> str:
    """What the system says, with the path it says it of."""
    return f"{error.strerror or type(error).__name__}: {error.filename}"


async def _build_in_process(source: Path, data_dir: Path, phone_region: str | None) -> Path:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", __package__),
        *(str(source), str(data_dir), phone_region or ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback may show what is in the file
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path),
        },
    )
    try:
        answer = await cast("asyncio.StreamReader", process.stdout).read()
    finally:
        cast("asyncio.StreamWriter", process.stdin).close()  # ends it, should it still be busy
        await process.wait()
    return _path_in(answer, process.returncode)


def _path_in(answer: bytes, status: int | None) -> Path:
    try:
        message = msgspec.json.decode(answer, type=Built | Refused)
    except msgspec.DecodeError:
        raise InputError(f"reading it ended unexpectedly, with status {status}") from None
    if isinstance(message, Refused):
        raise InputError(message.reason)
    return Path(message.path)
