"""A job becomes tasks: one record for all items whose persons share a partition."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

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
        groups[partition_of(item.identifier, partitions)].append(item)
    # Of all items, also those that are not pending: a repeat gives each group the same share.
    shares = _shares(request.job.options.max_provider_calls, groups)
    return {
        partition: IdentifierTasks(
            version=VERSION, job=request.job, items=left, max_provider_calls=shares[partition]
        )
        for partition, items in groups.items()
        if (left := tuple(item for item in items if item.index in pending))
    }


def _shares(cap: int | None, groups: Mapping[int, Sequence[Item]]) -> Mapping[int, int | None]:
    """Each group's part of the cap, by its number of persons; together never more than the cap.

    The cap is as tight as that: what one group does not need is not given to another.
    """
    if cap is None:
        return dict.fromkeys(groups)
    persons = {p: len({item.identifier for item in items}) for p, items in groups.items()}
    total = sum(persons.values())
    # Rounded on the running sum, so that the shares add up to the cap itself.
    given = [cap * so_far // total for so_far in accumulate(persons.values(), initial=0)]
    return {p: after - before for p, (before, after) in zip(persons, pairwise(given), strict=True)}
