"""What every platform's module takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from enrich_stream.providers.client import Endpoint, HttpClient
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.shape import Event, PlatformStatus, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of one person on one platform.

    Attributes:
        handle: As ``Source.handle`` gives it.
        since: The oldest that is wanted, UTC.
        most: How many posts and events together, the newest.
        deadline: On the event loop's clock; no answer is of use after it.
    """

    handle: str
    since: datetime
    most: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing on a platform: when, and what of it is listed; None when it is not."""

    at: datetime
    what: Post | Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What came of asking one platform.

    Attributes:
        status: As in the summary.
        seen: What is listed, newest first.
        since: From when on nothing is missing; None when it did not answer.
        limited_by: Why that is later than was asked for; empty when it is not.
        reason: What went wrong, as a fixed phrase; empty when nothing did.
        retry_at: From when on asking again may help, in seconds since the epoch; None when it
            will not.
        cost: What the platform charged, in its own credits.
    """

    status: PlatformStatus
    seen: Sequence[Seen] = ()
    since: datetime | None = None
    limited_by: str = ""
    reason: str = ""
    retry_at: float | None = None
    cost: float = 0.0


def engagement(**counts: int | None) -> dict[str, int]:
    """The counts that a platform gave."""
    return {name: count for name, count in counts.items() if count is not None}


class Source(Protocol):
    """One platform.

    Attributes:
        platform: Which.
        nobody: A handle that nobody has, to see whether the platform can be asked; empty where
            there is no one server to ask.
    """

    platform: Platform
    nobody: str

    def handle(self, given: str) -> str:
        """The handle in a text of the caller's; ``InputError`` says what one looks like."""
        ...

    async def read(self, ask: Ask) -> Harvest:
        """What the person said and did there. Nothing that the platform does is raised."""
        ...

    async def start(self) -> None:
        """Open what is needed."""
        ...

    async def stop(self) -> None:
        """Let go of everything that ``start`` opened."""
        ...


class OneServer:
    """The part of a source that asks one server with one kind of call."""

    def __init__(self, http: HttpClient, endpoint: Endpoint) -> None:
        """Sets up.

        Args:
            http: A client of the platform's API, made with the dialect of its module if it has one.
            endpoint: Whose limits count for every call.
        """
        self._http = http
        self._endpoint = endpoint

    async def start(self) -> None:
        """Opens the client."""
        await self._http.start()

    async def stop(self) -> None:
        """Closes the client."""
        await self._http.stop()
