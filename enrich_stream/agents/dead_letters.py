"""Records that cannot be handled are kept, with all that is needed to mend and replay them."""

import structlog
from faust.types import EventT, TopicT

from enrich_stream import metrics

log = structlog.get_logger(__name__)


class DeadLetters:
    """The only writer of the dead-letter topic."""

    def __init__(self, topic: TopicT) -> None:
        self._topic = topic

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
        origin = {
            "dead-letter-stage": stage,
            "dead-letter-reason": reason,
            "dead-letter-topic": message.topic,
            "dead-letter-partition": str(message.partition),
            "dead-letter-offset": str(message.offset),
        }
        await self._topic.send_soon(
            key=message.key,
            value=message.value,
            headers=[*(message.headers or ()), *((k, v.encode()) for k, v in origin.items())],
        )
        metrics.DEAD_LETTERS.labels(stage).inc()
