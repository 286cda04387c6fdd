"""Somebody who can ask a mail server about one address, usually for credits."""

from typing import Protocol

from enrich_stream.verification.verdict import Verdict


class Verifier(Protocol):
    """An outside verifier of e-mail addresses.

    Attributes:
        name: As it stands in evidence.
    """

    name: str

    async def verify(self, email: str, deadline: float) -> Verdict:
        """What it says of an address.

        Args:
            email: In canonical form.
            deadline: Seconds on the running event loop's clock; no verdict is of use after it.

        Returns:
            ``unknown`` for whatever the outside world does: no answer, no credits, a limit.
        """
        ...
