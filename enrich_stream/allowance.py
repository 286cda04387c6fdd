"""What still may be asked for some persons of a job: nothing once it is cancelled or its cap spent.

A cap holds for the whole job, whose persons are on many workers. So each task record has a share
of its own (see ``fan_out``), and nobody has to be asked how much is left. What was spent on a
person is remembered with the person, so that a record that comes again has only the rest of its
share. Not counted is what a worker had in hand when it was killed.
"""

from collections.abc import Callable, Sequence

from enrich_stream.providers.base import Provider
from enrich_stream.records import Asked

CAP_SPENT = "not asked, max_provider_calls is spent"
CANCELLED = "not asked, the job was cancelled"


class Allowance:
    """Shared by the persons of one task record.

    Args:
        calls: How often providers may be asked; None for no cap.
        is_cancelled: Whether the job was cancelled up to now.
    """

    def __init__(
        self, calls: int | None = None, is_cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        self._left = calls
        self._is_cancelled = is_cancelled

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants the answers any more."""
        return self._is_cancelled()

    @property
    def left(self) -> int | None:
        """How often providers may still be asked; None for no cap."""
        return self._left

    def refusal(self, provider: Provider) -> str:
        """Why ``provider`` may not be asked now; empty when it may, and then the call is spent."""
        if self.is_cancelled:
            return CANCELLED
        if provider.is_local or self._left is None:  # the operator's own records cost nothing
            return ""
        if self._left == 0:
            return CAP_SPENT
        self._left -= 1
        return ""


def calls_in(trail: Sequence[Asked], providers: Sequence[Provider]) -> int:
    """How many lines of a trail count for a cap."""
    counting = {provider.name for provider in providers if not provider.is_local}
    return sum(asked.was_asked and asked.provider in counting for asked in trail)
