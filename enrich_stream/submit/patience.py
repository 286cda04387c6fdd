"""How long to wait for a server that cannot answer now, and when to give up."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from enrich_stream.errors import UnavailableError

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
# "Retry-After: 0" must not become a busy loop.
_SHORTEST_WAIT_SECONDS = 0.02
# Where nothing ever answered, the address is wrong or nothing runs there: say so soon.
_FIRST_CONTACT_SECONDS = 20.0


class Patience:
    """One patience for all requests of a run.

    It is measured from the last answer to any of them: a server that serves some requests and
    puts off others is alive, and a run through its rate limit takes as long as it takes.
    """

    def __init__(self, seconds: float, notify: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._notify = notify
        self._last_answer = self._now()
        self._closed_until = 0.0
        self._was_reached = False
        self._is_troubled = False

    def reached(self) -> None:
        """Somebody answered, if only to say not now."""
        self._was_reached = True

    def answered(self) -> None:
        """A request was served."""
        self._was_reached = True
        self._last_answer = self._now()
        if self._is_troubled:
            self._is_troubled = False
            self._notify("")

    async def admission(self) -> None:
        """Wait while the server has asked everybody to wait."""
        # Each sleeper looks again: meanwhile another request may have been put off further.
        while (wait := self._closed_until - self._now()) > 0:  # noqa: ASYNC110 - until a moment
            await asyncio.sleep(wait)

    async def wait(self, attempt: int, trouble: str, retry_after: float | None) -> None:
        """Wait before the next attempt.

        Args:
            attempt: How many attempts of this request have failed before, from 0.
            trouble: What went wrong this time, for the user to read.
            retry_after: What the server asked for, in seconds.

        Raises:
            UnavailableError: The next attempt would come too late.
        """
        now = self._now()
        wait = _backoff(attempt) if retry_after is None else _a_little_over(retry_after)
        if now + wait > self._last_answer + self._limit():
            raise UnavailableError(self._last_words(trouble, retry_after))
        if retry_after is not None:
            self._closed_until = max(self._closed_until, now + wait)
        self._is_troubled = True
        self._notify(f"{trouble}; next try in {wait:.0f} s")
        await asyncio.sleep(wait)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _limit(self) -> float:
        return self._seconds if self._was_reached else min(self._seconds, _FIRST_CONTACT_SECONDS)

    def _last_words(self, trouble: str, retry_after: float | None) -> str:
        if retry_after is not None and retry_after > self._seconds:
            return f"{trouble}, and asks to wait {retry_after:.0f} s; run the same command then"
        if not self._was_reached:
            return f"{trouble}; is the service running there, and is --url right?"
        return f"{trouble}; gave up after {self._limit():.0f} s without an answer"


def _backoff(attempt: int) -> float:
    longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, hides nothing


def _a_little_over(seconds: float) -> float:
    spread = random.uniform(0.0, 0.1)  # noqa: S311 - the same
    return max(_SHORTEST_WAIT_SECONDS, seconds) * (1.0 + spread)


def seconds_to_wait(retry_after: str | None) -> float | None:
    """A ``Retry-After`` header in seconds from now, whichever of its two forms it has."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
