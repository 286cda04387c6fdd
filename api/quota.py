"""What an organisation may ask in a day.

The count is of what this front door has read of the accepted requests. That trails by
milliseconds and survives restarts; only requests that several doors, or one, accept within that
moment can take the sum a little over.
"""

from api.problems import Problem
from api.standby import Standby
from enrich_stream.records import Job
from enrich_stream.settings import Settings


def check_quota(standby: Standby, job: Job, settings: Settings) -> None:
    """Raise ``Problem`` 402 when the organisation has too little left today for the job."""
    most = settings.organisation_items_per_day
    if most is None:
        return
    left = max(0, most - standby.items_today(job.organisation))
    if job.total > left:
        raise Problem(
            402,
            f"Insufficient credits: {job.total} required, {left} available."
            " They are renewed at midnight, UTC.",
        )
