"""How records get from Kafka to the agents, where the engine's own way loses or blocks them.

The engine reads all topics in one loop. That loop stops at the first record for an agent whose
queue is full, and with it everything stops; here some agents wait for what others have yet to
read. And it goes on while the engine takes up reading at the committed offsets: what it reads in
that moment is thrown away, and taken for read when it comes again. So is what a warm copy of a
table has been sent by then, and it would have a hole.
"""

import asyncio
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError
from faust.transport.consumer import RecordMap
from faust.transport.drivers import aiokafka
from faust.types import TP, Message
from mode import ServiceT
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from enrich_stream.commits import Producer

FETCH_WAIT_MS = 100
PREFETCH_BACKOFF_SECONDS = 0.005
READ_SECONDS = 1.0


class PausingQueue(ThrowableQueue[Any]):
    """Takes whatever has been fetched, and pauses its partitions from 4/5 of its size on.

    It may outgrow its size by what one fetch holds (``broker_max_poll_records``).
    """

    def __init__(self, app: faust.App, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._app = app

    def full(self) -> bool:
        """Only while tables are read back: nothing is paused then, and nobody waits for others."""
        return bool(self._app.in_recovery) and super().full()


class FlowControl(FlowControlEvent):
    """A flow control that throws nothing away while records flow.

    The engine resumes a flow that is under way already, and empties all queues with it.
    """

    def resume(self) -> None:
        """Let records in; those that a suspended flow has left behind come again."""
        if not self.is_active():
            super().resume()


class ReadingThread(aiokafka.AIOKafkaConsumerThread):
    """Asks a broker for more although not all that it sent has been handed over yet.

    By default a broker is asked for nothing for up to 0.1 s while any of its partitions has
    records left; what it is asked for then leaves that partition out, and the next request waits
    for the answer, for up to 1.5 s. With one broker that is a delay on every station of an item.
    """

    def _create_worker_consumer(self, transport: aiokafka.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - the engine has a number of its own here
        return consumer

    async def on_start(self) -> None:
        """Called by the engine: connect."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher  # noqa: SLF001 - no argument reaches this one
        fetcher._prefetch_backoff = PREFETCH_BACKOFF_SECONDS  # noqa: SLF001 - the same

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Called by the client: take partitions up, which includes opening their tables.

        The client begins with its heartbeats only when this has returned. On a slow disk the group
        would have gone on without this worker by then, and again after its next start.
        """
        self._ensure_consumer()._coordinator._start_heartbeat_task()  # noqa: SLF001 - there is no other way
        await super().on_partitions_assigned(assigned, generation_id)

    async def getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:  # noqa: ASYNC109 - the engine's
        """Called by the engine: what has come, or nothing after ``timeout`` seconds.

        The engine's own way leads through a queue, whose worker makes three tasks for each call.
        """
        consumer = self._ensure_consumer()
        fetching = self._fetch_records(
            consumer,
            active_partitions,  # type: ignore[arg-type] # None is all of them
            timeout=timeout,
            max_records=consumer._max_poll_records,  # noqa: SLF001 - the engine reads it there too
        )
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(fetching, self.thread_loop)
        )


class Consumer(aiokafka.Consumer):
    """Reads nothing while it takes up reading at the committed offsets."""

    def _new_consumer_thread(self) -> ReadingThread:
        return ReadingThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Called by the engine: hand over what is read, until reading stops.

        The engine's own loop makes four tasks of each record, to wait beside it for the flow to
        stop. While records flow a queue takes one at once, and there is nothing to wait beside.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for tp, message in self.getmany(timeout=READ_SECONDS):
                    await self._hand_over(tp, message)
                    # What it sets off takes its turn before the next one does.
                    await asyncio.sleep(0)
        except (asyncio.CancelledError, ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    async def _hand_over(self, tp: TP, message: Message) -> None:
        read, offset = self._read_offset[tp], message.offset
        if read is not None and offset < read:
            return
        if read and offset - read > 1 and self.app.topics.acks_enabled_for(message.topic):
            await self._add_gap(tp, read + 1, offset)
        if self.app.in_recovery or not self.app.flow_control.is_active():
            # It may have to wait, and a flow that stops meanwhile must end that.
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
        else:
            await self.callback(message)
        self._read_offset[tp] = offset

    async def perform_seek(self) -> None:
        """Seek; whoever calls it lets records flow again."""
        self.stop_flow()
        await super().perform_seek()
        # The engine leaves partitions without a commit where reading has got to meanwhile.
        begun = [tp for tp in self.assignment() if self._is_without_commit(tp)]
        if begun:
            # By number: a position that is not known for a moment is more than the engine bears.
            first = await self.earliest_offsets(*begun)
            await self.seek_wait({tp: first[tp] or 0 for tp in begun})

    def _is_without_commit(self, tp: TP) -> bool:
        return self._read_offset.get(tp) is None and self.app.topics.acks_enabled_for(tp.topic)


class Transport(aiokafka.Transport):
    """The engine's, with our consumer and producer."""

    Consumer = Consumer
    Producer = Producer
