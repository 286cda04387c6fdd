"""Commits that wait for nothing that they do not need.

Before a commit the engine waits until its producer has nothing left to send. Under load there is
always something: a commit took up to 15 s, and after a kill that much was done again. Here an
event is acknowledged only when all it led to is delivered, so there is nothing to wait for.
"""

from faust.transport.drivers import aiokafka


class Producer(aiokafka.Producer):
    """Is emptied at the end only."""

    async def flush(self) -> None:
        """Called by the engine before each commit, and when it stops."""
        if self.app.should_stop:
            await super().flush()
