"""What a process waits for before it begins: a Kafka that answers, with topics that match."""

import asyncio

import structlog

from enrich_stream.errors import UnavailableError
from enrich_stream.topic_admin import check_topics
from enrich_stream.topics import Topics

log = structlog.get_logger(__name__)

KAFKA_SECONDS = 60.0
"""A broker that restarts takes its time; one that is not there after that is not coming."""
_PAUSE_SECONDS = 1.0


async def topics_are_there(
    bootstrap_servers: str, topics: Topics, told_to_stop: "asyncio.Task[None]"
) -> bool:
    """Wait for the topics; False when told to stop before.

    Raises:
        UnavailableError: The cluster did not answer for a minute.
        SetupError: The topics do not match.
    """
    checking = asyncio.create_task(_check_patiently(bootstrap_servers, topics))
    await asyncio.wait({checking, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
    if checking.done():
        await checking
        return True
    checking.cancel()
    return False


async def _check_patiently(bootstrap_servers: str, topics: Topics) -> None:
    deadline = asyncio.get_running_loop().time() + KAFKA_SECONDS
    while True:
        try:
            await check_topics(bootstrap_servers, topics)
        except UnavailableError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            log.warning("kafka.awaited", reason=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
