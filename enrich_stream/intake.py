"""How records get from Kafka to the agents, where the engine's own way loses or blocks them.

The engine reads all topics in one loop. That loop stops at the first record for an agent whose
queue is full, and with it everything stops; here some agents wait for what others have yet to
read. And it goes on while the engine takes up reading at the committed offsets: what it reads in
that moment is thrown away, and taken for read when it comes again. So is what a warm copy of a
table has been sent by then, and it would have a hole.
"""

from typing import Any

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from enrich_stream.commits import Producer


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


class Consumer(aiokafka.Consumer):
    """Reads nothing while it takes up reading at the committed offsets."""

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
