"""What a process waits for before it begins."""

import asyncio

from enrich_stream.broker.ports import free_port
from enrich_stream.startup import topics_are_there
from enrich_stream.topics import load_topics


async def test_who_waits_for_kafka_can_be_told_to_stop():
    """A broker that restarts is waited for, but nobody has to wait for the end of that."""
    told = asyncio.get_running_loop().create_future()
    nobody = f"127.0.0.1:{free_port()}"
    starting = asyncio.create_task(topics_are_there(nobody, load_topics(), told))
    done, _ = await asyncio.wait({starting}, timeout=0.2)
    assert not done, "it gave up at once"

    told.set_result(None)

    async with asyncio.timeout(5):
        assert await starting is False
