"""What a worker counts for Prometheus; a front door's counters are in ``api/metrics.py``.

Labels come from short lists that are known beforehand (lane, outcome, stage, table, provider), so
that a process shows a few hundred series at most. No person, job or organisation is ever one.
"""

from collections.abc import Collection

from prometheus_client import Counter, Gauge, Histogram

from enrich_stream.person import Outcome

_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)

LOOK_UPS_UNDER_WAY = Gauge("enrich_look_ups_under_way", "Persons being looked up now.", ["lane"])
BATCH_ITEMS_UNDER_WAY = Gauge(
    "enrich_batch_items_under_way", "Items of batches that were sent off and are not settled."
)
BATCHES_WAITING = Gauge(
    "enrich_batches_waiting", "Batches in hand that wait for their organisation's turn."
)
PROVIDER_CALLS = Counter(
    "enrich_provider_calls",
    "Questions to a provider: found when any field was, else unknown when any could not be told.",
    ["provider", "outcome"],
)
PROVIDER_SECONDS = Histogram(
    "enrich_provider_seconds",
    "How long a provider took to answer.",
    ["provider"],
    buckets=_CALL_SECONDS,
)
ITEMS_SETTLED = Counter("enrich_items_settled", "Items settled, each once.", ["lane", "outcome"])
JOBS_COMPLETED = Counter(
    "enrich_jobs_completed", "Jobs that have ended, each once.", ["lane", "status"]
)
JOB_SECONDS = Histogram(
    "enrich_job_seconds",
    "From a job's acceptance to its end.",
    ["lane"],
    buckets=_LONG_SECONDS,
)
DEAD_LETTERS = Counter("enrich_dead_letters", "Records put aside as dead letters.", ["stage"])
ROWS_EXPIRED = Counter("enrich_rows_expired", "Rows deleted at the end of their time.", ["table"])
REBALANCES = Counter("enrich_rebalances", "How often partitions were dealt out anew.")
REBALANCE_SECONDS = Histogram(
    "enrich_rebalance_seconds",
    "From giving partitions up to working again, with the tables read back.",
    buckets=_LONG_SECONDS,
)
RECOVERY_SECONDS = Histogram(
    "enrich_recovery_seconds",
    "The part of it that reading the tables back takes.",
    buckets=_LONG_SECONDS,
)
ROWS_RECOVERED = Counter(
    "enrich_rows_recovered", "Changelog records read back, or read to keep a copy warm."
)
ROWS_TO_RECOVER = Gauge(
    "enrich_rows_to_recover", "Changelog records still to be read before work begins."
)
PARTITIONS_ASSIGNED = Gauge(
    "enrich_partitions_assigned", "Partitions this worker has, those of changelogs included."
)


def provider_asked(provider: str, outcomes: Collection[Outcome], seconds: float) -> None:
    """A provider answered, with these outcomes of the fields it was asked for."""
    PROVIDER_CALLS.labels(provider, _overall(outcomes)).inc()
    PROVIDER_SECONDS.labels(provider).observe(seconds)


def _overall(outcomes: Collection[Outcome]) -> Outcome:
    for outcome in (Outcome.FOUND, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.ABSENT
