"""How a job is named."""

import hashlib

from ulid import ULID

from api.problems import Problem

MAX_KEY_CHARS = 256


def new_job_id(organisation: str, idempotency_key: str | None) -> str:
    """``op_`` and a ULID: a new one, or always the same one for an idempotency key.

    A repeated request then has the record key of the first, and the stream drops it: no store of
    keys is needed, and it does not matter which front door is asked.
    """
    if idempotency_key is None:
        return f"op_{ULID()}"
    if not 1 <= len(idempotency_key) <= MAX_KEY_CHARS:
        raise Problem(400, f"Idempotency-Key must have 1 to {MAX_KEY_CHARS} characters.")
    # A zero byte is in neither, so no two pairs give the same text.
    digest = hashlib.sha256(f"{organisation}\0{idempotency_key}".encode()).digest()
    return f"op_{ULID(digest[:16])}"
