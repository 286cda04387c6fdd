"""Somebody who can ask a mail server about one address, usually for credits."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from enrich_stream.verification.verdict import Verdict


class Check(msgspec.Struct, frozen=True):
    """What came of asking a verifier about one address.

    Attributes:
        verdict: ``unknown`` when it could not tell, or could not be asked.
        reason: Why it could not be asked, as a fixed phrase; empty when it could.
        retry_at: From when on it may be asked again, in seconds since the epoch; None when that
            is of no use, or nobody can say when.
        is_busy: Whether it would answer, only not before ``retry_at``.
        was_asked: False when nothing was sent.
        cost: What it charged, in its own credits.
    """

    verdict: Verdict
    reason: str = ""
    retry_at: float | None = None
    is_busy: bool = False
    was_asked: bool = True
    cost: float = 0.0


class Verifier(Protocol):
    """An outside verifier of e-mail addresses.

    Attributes:
        name: As it stands in evidence.
    """

    name: str

    async def verify(self, email: str, deadline: float) -> Check:
        """What it says of an address; nothing that the outside world does is raised.

        Args:
            email: In canonical form.
            deadline: Seconds on the running event loop's clock; no verdict is of use after it.
        """
        ...


AskVerifier = Callable[[Verifier, str, float], Awaitable[Check | None]]
"""Has a verifier asked about an address until a deadline; None when it is none of those to ask."""
