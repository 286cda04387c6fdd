"""A job becomes tasks: one record for all items whose persons share a partition."""

from collections import defaultdict

from enrich_stream.partitions import partition_of
from enrich_stream.records import VERSION, EnrichmentRequested, IdentifierTasks, Item


def tasks_for(
    request: EnrichmentRequested, pending: frozenset[int], partitions: int
) -> dict[int, IdentifierTasks]:
    """The task records of a request by the partition of the tasks topic each belongs to.

    A person's partition is that of the canonical identifier, so the same worker meets the same
    person in every job. Grouping is by partition because it is events that cost, not items.

    Args:
        request: The job.
        pending: Indexes of the items that still have to be done.
        partitions: How many partitions the tasks topic has.
    """
    groups: dict[int, list[Item]] = defaultdict(list)
    for item in request.items:
        if item.index in pending:
            groups[partition_of(item.identifier, partitions)].append(item)
    return {
        partition: IdentifierTasks(version=VERSION, job=request.job, items=tuple(items))
        for partition, items in groups.items()
    }
