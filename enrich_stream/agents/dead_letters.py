"""Records that cannot be handled are kept, with all that is needed to mend and replay them."""

from typing import cast

import structlog
from faust.types import TP, EventT

from enrich_stream import metrics
from enrich_stream.dead_letters.letter import Origin, headers_of
from enrich_stream.outbox import Outbox, delivered
from enrich_stream.partitions import partition_of
from enrich_stream.topics import Topic

log = structlog.get_logger(__name__)


class DeadLetters:
    """The only writer of the dead-letter topic."""

    def __init__(self, topic: Topic, outbox: Outbox) -> None:
        self._topic = topic
        self._outbox = outbox

    async def bury(self, event: EventT[bytes], stage: str, reason: str) -> None:
        """Send the event's record as it was, its origin and the reason in headers.

        Returns once Kafka has it; raises ``KafkaError`` when it will not take it.
        """
        message = event.message
        log.warning(
            "record.buried",
            stage=stage,
            reason=reason,
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
        )
        origin = Origin(message.topic, message.partition, message.offset)
        # The engine's types also allow a mapping, which the consumer never gives.
        own = cast("list[tuple[str, bytes]]", message.headers or [])
        home = partition_of(message.key or b"", self._topic.partitions)
        delivery = self._outbox.put_in(
            TP(self._topic.name, home),
            message.key,
            message.value,
            list(headers_of(stage, reason, origin, own)),
        )
        await delivered([delivery])
        metrics.DEAD_LETTERS.labels(stage).inc()
