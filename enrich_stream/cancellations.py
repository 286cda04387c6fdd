"""Which jobs were cancelled, as far as a worker has to know: it ends their items without asking.

The table of jobs is on one worker, the items of a job are on all. So every worker reads all
cancellations by itself, from the oldest that is kept on.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import structlog

from enrich_stream import clock
from enrich_stream.errors import UnreadableRecordError
from enrich_stream.records import CancellationRequested, check_key, decode

log = structlog.get_logger(__name__)

MOST = 100_000
"""How many are remembered, the latest; about 15 MB."""


class Cancellations:
    """The jobs cancelled within ``keep``.

    Args:
        keep: How long a job is kept after it was accepted; then its tasks are gone, too.
        most: How many at most.
    """

    def __init__(self, keep: timedelta, most: int = MOST) -> None:
        self._keep = keep
        self._most = most
        self._jobs: OrderedDict[str, datetime] = OrderedDict()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def __len__(self) -> int:
        return len(self._jobs)

    def take(self, record: Any) -> None:
        """Learn of one record of the topic; what cannot be read is for ``cancel_job`` to bury."""
        try:
            request = decode(record.value, CancellationRequested)
            check_key(record.key, request.job.id)
        except UnreadableRecordError as error:
            log.warning("cancellations.unreadable", reason=str(error))
            return
        self._jobs[request.job.id] = datetime.fromisoformat(request.job.accepted_at) + self._keep
        self._forget()

    def _forget(self) -> None:
        while self._jobs:
            _, expires_at = next(iter(self._jobs.items()))
            if len(self._jobs) <= self._most and expires_at > clock.present():
                return
            self._jobs.popitem(last=False)
