"""What can come of a call, whichever provider was called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class CallOutcome(StrEnum):
    """What a provider's response means; each says it in its own way.

    ==============  ===============================================================================
    found           the body is there, in the shape that was asked for
    not_found       it knows nobody by that name
    not_modified    what an earlier call gave (by its ETag) still stands
    rate_limited    called too often, as the provider counts or by our own limits
    out_of_credits  paid for no more calls; only an operator can change that
    bad_key         the key is refused; likewise
    bad_input       it cannot be asked by this identifier
    pending         it is still looking; the same call later gives the answer
    suppressed      the person asked it not to say anything
    upstream_error  everything else: could not be reached, failed, or answered what is not agreed
    ==============  ===============================================================================
    """

    FOUND = "found"
    NOT_FOUND = "not_found"
    NOT_MODIFIED = "not_modified"
    RATE_LIMITED = "rate_limited"
    OUT_OF_CREDITS = "out_of_credits"
    BAD_KEY = "bad_key"
    BAD_INPUT = "bad_input"
    PENDING = "pending"
    SUPPRESSED = "suppressed"
    UPSTREAM_ERROR = "upstream_error"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response.

    Attributes:
        status: Its HTTP status.
        headers: Looked up in any case.
        body: Complete; None when it was too large to be read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def media_type(self) -> str:
        """For example ``application/json``; empty when the response does not say."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether it says so; problem details and vendors' own JSON types included."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    def said(self) -> Mapping[str, Any]:
        """The JSON object in the body of an error; empty when it is none."""
        try:
            said = msgspec.json.decode(self.body or b"") if self.is_json else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """What came of a call, repeats included.

    Attributes:
        outcome: See ``CallOutcome``.
        body: What was asked for; not None exactly when it was found.
        reason: A short fixed phrase why nothing was found.
        retry_at: From when on asking again may help, in seconds since the epoch; None when it
            will not help.
        status: HTTP status of the last response; None when there was none.
        headers: Of the last response.
        calls: How many requests were sent.
    """

    outcome: CallOutcome
    body: T | None = None
    reason: str = ""
    retry_at: float | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: int = 0
