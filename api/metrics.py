"""What a front door counts for Prometheus; a worker's counters are in ``enrich_stream/metrics.py``.

Labels come from short lists: lanes, the routes that there are, status codes.
"""

from prometheus_client import Counter, Gauge, Histogram

from enrich_stream.records import Job

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

JOBS_ACCEPTED = Counter("enrich_jobs_accepted", "Requests that Kafka has acknowledged.", ["lane"])
ITEMS_ACCEPTED = Counter("enrich_items_accepted", "Their items.", ["lane"])
OPEN_JOBS = Gauge("enrich_open_jobs", "Jobs that have not ended, as this copy knows.", ["lane"])
REQUESTS = Counter("enrich_http_requests", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "enrich_http_request_seconds", "How long a request took.", ["route"], buckets=_SECONDS
)
STANDBY_LAG_RECORDS = Gauge(
    "enrich_standby_lag_records", "Records Kafka has that this copy has not read."
)
STANDBY_LAG_SECONDS = Gauge(
    "enrich_standby_lag_seconds", "How long it takes until what Kafka has is in this copy."
)
STANDBY_RECOVERY_SECONDS = Gauge(
    "enrich_standby_recovery_seconds", "How long this copy took to catch up after the start."
)
STANDBY_RECORDS = Counter("enrich_standby_records", "Records read into this copy.")


def job_accepted(job: Job) -> None:
    """Kafka has acknowledged the request for a job."""
    JOBS_ACCEPTED.labels(job.lane).inc()
    ITEMS_ACCEPTED.labels(job.lane).inc(job.total)
