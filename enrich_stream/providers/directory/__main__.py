"""The building process: ``python -m enrich_stream.providers.directory SOURCE DATA_DIR REGION``.

A process of its own, so that reading a million rows neither holds up the event loop of a worker
nor leaves its memory behind. It writes one JSON message to its output, and ends early when its
input closes, which happens when the worker that started it is gone.
"""

import os
import sqlite3
import sys
import threading
from pathlib import Path

import msgspec

from enrich_stream.errors import InputError
from enrich_stream.providers.directory.build import build_store
from enrich_stream.providers.directory.loading import Built, Refused, reason_of

NICENESS = 10
"""A reload lets the workers beside it go first."""


def main(source: str, data_dir: str, phone_region: str) -> None:
    """Builds the store and tells where it is, or why there is none."""
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    message: Built | Refused
    try:
        message = Built(str(build_store(Path(source), Path(data_dir), phone_region or None)))
    except InputError as error:
        message = Refused(str(error))
    except OSError as error:
        message = Refused(reason_of(error))
    except sqlite3.Error as error:  # for example a full disk; says nothing of what is in the file
        message = Refused(f"its store could not be built: {error}")
    sys.stdout.buffer.write(msgspec.json.encode(message))


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is ever sent: it returns when the other end is closed
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
