"""The provider ``signals``: all platforms on which it is known who the person is, asked at once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from enrich_stream import clock
from enrich_stream.errors import InputError
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.signals.intent import Signal
from enrich_stream.signals.outcome import answer
from enrich_stream.signals.shape import PlatformStatus
from enrich_stream.signals.source import Ask, Harvest, Source
from enrich_stream.signals.wanted import Wanted, read_wanted

TIMED_OUT = "timed out"
FAILED = "failed here"
RETRY_SECONDS = 30.0

MARGIN_SECONDS = 0.5
"""Platforms have until this long before the question's deadline: the slowest must not take the
answers of the others with it."""

log = structlog.get_logger(__name__)


class SignalsProvider:
    """What a person said and did in public lately."""

    name = "signals"
    answers = dict.fromkeys(IdentifierKind, frozenset({Field.SIGNALS}))
    is_local = False
    answers_at_once = True

    def __init__(self, sources: Sequence[Source], rules: Sequence[Signal]) -> None:
        """Sets up.

        Args:
            sources: The platforms that can be asked.
            rules: How intent is recognised.
        """
        self._sources: Mapping[str, Source] = {source.platform: source for source in sources}
        self._rules = rules

    async def start(self) -> None:
        """Opens every source."""
        for source in self._sources.values():
            await source.start()

    async def ask(self, question: Question) -> Answer:
        """Asks all platforms at once, each in its own time."""
        wanted = read_wanted(question, clock.present())
        deadline = question.deadline - MARGIN_SECONDS
        found = await asyncio.gather(
            *(self._harvest(platform, wanted, deadline) for platform in wanted.platforms)
        )
        harvests = dict(zip(wanted.platforms, found, strict=True))
        # In a thread: many long posts take the rules longer than everybody else should wait.
        return await asyncio.to_thread(answer, harvests, self._rules, wanted.labels)

    async def check(self, deadline: float) -> str:
        """What keeps platforms from being asked, found out by asking for nobody; empty: nothing."""
        asked = [source for source in self._sources.values() if source.nobody]
        since = clock.present() - timedelta(days=1)
        harvests = await asyncio.gather(
            *(
                _read(source, Ask(handle=source.nobody, since=since, most=1, deadline=deadline))
                for source in asked
            )
        )
        return "; ".join(
            f"{source.platform}: {harvest.reason}"
            for source, harvest in zip(asked, harvests, strict=True)
            if harvest.status is PlatformStatus.UNAVAILABLE
        )

    async def stop(self) -> None:
        """Closes every source."""
        for source in self._sources.values():
            await source.stop()

    async def _harvest(self, platform: str, wanted: Wanted, deadline: float) -> Harvest:
        source, given = self._sources.get(platform), wanted.handles.get(platform)
        if source is None:
            return Harvest(status=PlatformStatus.NOT_SET_UP)
        if given is None:
            return Harvest(status=PlatformStatus.NO_HANDLE)
        try:
            handle = source.handle(given)
        except InputError as error:
            return Harvest(status=PlatformStatus.INVALID_HANDLE, reason=str(error))
        most = wanted.most_of(platform)
        ask = Ask(handle=handle, since=wanted.since, most=most, deadline=deadline)
        return await _read(source, ask)


async def _read(source: Source, ask: Ask) -> Harvest:
    try:
        async with asyncio.timeout_at(ask.deadline):
            return await source.read(ask)
    except TimeoutError:
        return _unavailable(TIMED_OUT)
    except Exception as error:  # noqa: BLE001 - one platform's failure must not take the others along
        # The text of the error may hold the person's data; its type does not.
        log.error(  # noqa: TRY400 - a traceback may hold it too
            "signals.failed", platform=source.platform.value, error=type(error).__name__
        )
        return _unavailable(FAILED)


def _unavailable(reason: str) -> Harvest:
    return Harvest(
        status=PlatformStatus.UNAVAILABLE,
        reason=reason,
        retry_at=clock.present().timestamp() + RETRY_SECONDS,
    )
