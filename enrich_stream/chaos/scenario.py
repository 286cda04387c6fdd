"""What a run consists of, and where it takes place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enrich_stream.broker.properties import Detour
from enrich_stream.broker.server import Broker
from enrich_stream.chaos.plan import KILLS, Step
from enrich_stream.settings import GROUP
from enrich_stream.topics import Topics, load_topics

_ITEM_CONCURRENCY = 40
_SYNC_CONCURRENCY = 10


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a run consists of.

    Attributes:
        seed: Draws orders, answers and poison.
        jobs: How many orders.
        items: How many persons are in a batch.
        workers: How many there are at the beginning.
        plan: What is done, in order, spread over the orders.
        session_seconds: The workers' session timeout.
        slowest_seconds: Of the provider.
        in_flight: How many orders are under way at once.
    """

    seed: int
    jobs: int
    items: int
    workers: int
    plan: Sequence[Step]
    session_seconds: float = 6.0
    slowest_seconds: float = 0.3
    in_flight: int = 24

    @property
    def calls_again(self) -> int:
        """How many calls may have been made in vain: what the workers that were hit had in hand."""
        kills = sum(KILLS.get(step.fault, 0) for step in self.plan)
        return kills * (_ITEM_CONCURRENCY + _SYNC_CONCURRENCY)

    def environ(self, provider_url: str) -> dict[str, str]:
        """The settings of workers and front doors."""
        return {
            "ENRICH_ENDPOINT_URL": provider_url,
            # Who cannot be looked up ends as unknown instead of waiting for the provider.
            "ENRICH_JOB_DEADLINE_SECONDS": "0",
            "ENRICH_SESSION_TIMEOUT_SECONDS": str(self.session_seconds),
            "ENRICH_ITEM_CONCURRENCY": str(_ITEM_CONCURRENCY),
            "ENRICH_SYNC_CONCURRENCY": str(_SYNC_CONCURRENCY),
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place.

    Attributes:
        broker: The Kafka.
        prefix: Of the topics and the consumer group, which are this run's own.
        home: For data and logs of the processes.
        detour: A second way to the broker, for the first worker; None: there is none.
    """

    broker: Broker
    prefix: str
    home: Path
    detour: Detour | None

    @property
    def topics(self) -> Topics:
        """The topics of this run."""
        return load_topics(prefix=self.prefix)

    @property
    def group(self) -> str:
        """The workers' consumer group."""
        return f"{self.prefix}{GROUP}"
