"""The Celery application: a chord of one task for each person, as Celery's documentation has it.

Its settings are those the documentation names for work that must not be lost (late
acknowledgement) and for much waiting on the network (the gevent pool).

    celery -A bench.peers.celery_worker worker --pool gevent --concurrency 200
"""

import os
from typing import Any

import urllib3
from celery import Celery

REDIS_URL = os.environ["BENCH_REDIS_URL"]
PROVIDER_URL = os.environ["BENCH_PROVIDER_URL"]
AT_ONCE = int(os.environ["BENCH_ITEMS_AT_ONCE"])

app = Celery("bench", broker=REDIS_URL, backend=REDIS_URL)
app.conf.update(
    task_default_queue=os.environ["BENCH_QUEUE"],
    # Acknowledged after the work, and given to another worker when this one dies.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    result_expires=7 * 86_400,
    worker_prefetch_multiplier=1,
    # Every task in hand may be talking to Redis at the same moment.
    redis_max_connections=2 * AT_ONCE,
    broker_transport_options={"max_connections": 2 * AT_ONCE},
)
http = urllib3.PoolManager(maxsize=AT_ONCE, block=True)


@app.task(autoretry_for=(urllib3.exceptions.HTTPError,), retry_backoff=True, max_retries=3)
def enrich(given: dict[str, str], identifier: str, fields: list[str]) -> dict[str, Any]:
    """One person; what it returns is stored under the task's id."""
    kind, _, value = identifier.partition(":")
    question = {"identifier": {"kind": kind, "value": value}, "fields": fields}
    said = http.request("POST", PROVIDER_URL, json=question).json()
    values = {
        name.removeprefix("contact."): [value["value"] for value in field.get("values", ())]
        for name, field in said["fields"].items()
    }
    return {
        "outcome": "found" if any(values.values()) else "absent",
        "answer": {"identifier": given, "status": "success", "data": {"contact": values}},
        "evidence": said,
    }


@app.task
def finish(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The batch has ended; called once with all results."""
    found = sum(item["outcome"] == "found" for item in items)
    return {"status": "succeeded" if found == len(items) else "partial_success", "items": items}
