"""How partitions are given to workers: a person's and a job's topics together, or not at all."""

from typing import Any

import structlog
from faust.assignor import PartitionAssignor

log = structlog.get_logger(__name__)


class WholeAssignor(PartitionAssignor):
    """The engine's assignor, but for a cluster that does not show all of its topics.

    While a broker comes up it may not know some of them yet. The engine leaves those out, and a
    worker may then have a partition's events and not the table that goes with them. Here nobody
    gets anything before all topics are there; the group meets again once they are.
    """

    @classmethod
    def _get_copartitioned_groups(cls, topics: set[str], cluster: Any, subscriptions: Any) -> Any:
        missing = sorted(topic for topic in topics if not cluster.partitions_for_topic(topic))
        if missing:
            log.warning("assignment.put_off", missing=missing)
            return {}
        return super()._get_copartitioned_groups(topics, cluster, subscriptions)
