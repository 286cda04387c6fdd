"""How every agent handles its events: many at once, none acknowledged before its work is safe.

Left to itself the engine acknowledges an event as soon as its handler ends, however it ends, and
does not look whether what the handler sent ever arrived. Here an event is acknowledged only when
its handler returned, and handlers return when what they sent is delivered. An event that cannot
be handled goes to the dead letters, and only then is it acknowledged. If Kafka or the disk will
not take something at all, the worker stops: after a restart the event comes again.

Events are acknowledged in the order of their offsets. The engine allows any order, but then it
may commit past the first event in hand: it takes the events it has seen acknowledged for all
there were, when nothing was committed before or only one is missing.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP, AppT, EventT, StreamT

from enrich_stream.agents.dead_letters import DeadLetters
from enrich_stream.errors import StorageError, UnreadableRecordError

log = structlog.get_logger(__name__)

Handler = Callable[[EventT[bytes]], Awaitable[None]]

_CANCEL_SECONDS = 1.0
"""How long a handler that was cancelled may still take."""


@dataclass(slots=True, eq=False)
class _InHand:
    """An event that has been taken and is not acknowledged."""

    event: EventT[bytes]
    is_done: bool = False


class Stage:
    """One agent's loop around its handler.

    What a handler does before its first ``await`` happens in the order of the events. After that
    the handlers of several events take turns, so no ``await`` may stand between reading a row of
    a table and assigning it.

    Attributes:
        name: The agent's.
    """

    def __init__(self, app: AppT, name: str, dead_letters: DeadLetters, at_once: int) -> None:
        self._app = app
        self.name = name
        self._dead_letters = dead_letters
        self._slots = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()
        self._in_hand: defaultdict[TP, deque[_InHand]] = defaultdict(deque)
        self._done: dict[TP, int] = {}
        self._assignment = 0

    async def run(self, stream: StreamT[bytes], handle: Handler) -> None:
        """Handle the stream's events until it ends."""
        stream.enable_acks = False
        async for event in stream.events():
            assignment = self._assignment
            await self._slots.acquire()
            if assignment == self._assignment:
                self._begin(stream, event, handle)
            else:  # its partition has moved on meanwhile, and the event with it
                self._slots.release()

    async def hand_back(self, seconds: float) -> dict[TP, int]:
        """Begin nothing more, let what is running finish, and after ``seconds`` let go of it.

        Returns the offset up to which each partition is done; the rest comes again to whoever
        has the partition next.
        """
        self._assignment += 1
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                log.warning("stage.handed_back", stage=self.name, events=len(late))
                await asyncio.wait(late, timeout=_CANCEL_SECONDS)
        self._in_hand.clear()
        done, self._done = self._done, {}
        return done

    def _begin(self, stream: StreamT[bytes], event: EventT[bytes], handle: Handler) -> None:
        taken = _InHand(event)
        self._in_hand[event.message.tp].append(taken)
        # The task copies the context, so the engine's current event stays this one in it.
        task = asyncio.create_task(self._settle(stream, taken, handle))
        self._running.add(task)
        task.add_done_callback(self._release)

    async def _settle(self, stream: StreamT[bytes], taken: _InHand, handle: Handler) -> None:
        try:
            await self._handle_or_bury(taken.event, handle)
        except KafkaError as error:
            log.error("stage.undelivered", stage=self.name, error=type(error).__name__)  # noqa: TRY400 - its text may quote the record
            await self._app.crash(error)
        except StorageError as error:
            await self._app.crash(error)
        else:
            taken.is_done = True
            await self._acknowledge(stream, taken.event.message.tp)

    async def _acknowledge(self, stream: StreamT[bytes], partition: TP) -> None:
        in_hand = self._in_hand.get(partition)
        while in_hand and in_hand[0].is_done:
            event = in_hand.popleft().event
            # The largest: records may come twice, and the second time is no way back.
            self._done[partition] = max(self._done.get(partition, 0), event.message.offset + 1)
            await stream.ack(event)

    async def _handle_or_bury(self, event: EventT[bytes], handle: Handler) -> None:
        try:
            await handle(event)
        except UnreadableRecordError as error:
            await self._dead_letters.bury(event, self.name, str(error))
        except (KafkaError, StorageError):
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop its partition
            # The text of the error may quote the record; its type does not.
            await self._dead_letters.bury(event, self.name, f"bug: {type(error).__name__}")

    def _release(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()
