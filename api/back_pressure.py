"""Nothing is accepted that cannot be kept: a bound on the jobs that have not ended.

The count is this replica's own and trails by milliseconds, so a few more may get in at once. What
is bounded is memory and disk everywhere behind this door, which do not mind a few more.
"""

from api.problems import Problem
from api.standby import Standby
from enrich_stream.records import Job, Lane
from enrich_stream.settings import Settings

RETRY_AFTER_SECONDS = 5


def check_room(standby: Standby, job: Job, settings: Settings) -> None:
    """Raise ``Problem`` 503 when all have too much open, 429 when this organisation has.

    Each lane has its own count: who waits is not refused because batches have piled up.
    """
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if standby.open_jobs(job.lane) >= settings.max_open_jobs:
        raise Problem(503, "Too many jobs are waiting. Nothing was started.", headers=headers)
    own = standby.open_jobs(job.lane, job.organisation)
    if job.lane is Lane.BATCH and own >= settings.organisation_open_jobs:
        raise Problem(
            429,
            f"You have {own} jobs that have not ended; at most"
            f" {settings.organisation_open_jobs} are taken. Nothing was started.",
            headers=headers,
        )
