"""How every agent handles its events: many at once, none acknowledged before its work is safe.

Left to itself the engine acknowledges an event as soon as its handler ends, however it ends, and
does not look whether what the handler sent ever arrived. Here an event is acknowledged only when
its handler returned, and handlers return when what they sent is delivered. An event that cannot
be handled goes to the dead letters, and only then is it acknowledged. If Kafka will not take
something at all, the worker stops: after a restart the event comes again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from aiokafka.errors import KafkaError
from faust.types import AppT, EventT, StreamT

from enrich_stream.agents.dead_letters import DeadLetters
from enrich_stream.errors import UnreadableRecordError

log = structlog.get_logger(__name__)

Handler = Callable[[EventT[bytes]], Awaitable[None]]


class Stage:
    """One agent's loop around its handler.

    What a handler does before its first ``await`` happens in the order of the events. After that
    the handlers of several events take turns, so no ``await`` may stand between reading a row of
    a table and assigning it.
    """

    def __init__(self, app: AppT, name: str, dead_letters: DeadLetters, at_once: int) -> None:
        self._app = app
        self._name = name
        self._dead_letters = dead_letters
        self._slots = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stream: StreamT[bytes], handle: Handler) -> AsyncIterator[bytes | None]:
        """Handle the stream's events until it ends; yields each event's value once begun."""
        stream.enable_acks = False
        async for event in stream.events():
            await self._slots.acquire()
            # The task copies the context, so the engine's current event stays this one in it.
            task = asyncio.create_task(self._settle(stream, event, handle))
            self._running.add(task)
            task.add_done_callback(self._release)
            yield event.value

    async def _settle(self, stream: StreamT[bytes], event: EventT[bytes], handle: Handler) -> None:
        try:
            await self._handle_or_bury(event, handle)
        except KafkaError as error:
            log.error("stage.undelivered", stage=self._name, error=type(error).__name__)  # noqa: TRY400 - its text may quote the record
            await self._app.crash(error)
        else:
            await stream.ack(event)

    async def _handle_or_bury(self, event: EventT[bytes], handle: Handler) -> None:
        try:
            await handle(event)
        except UnreadableRecordError as error:
            await self._dead_letters.bury(event, self._name, str(error))
        except KafkaError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop its partition
            # The text of the error may quote the record; its type does not.
            await self._dead_letters.bury(event, self._name, f"bug: {type(error).__name__}")

    def _release(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()
