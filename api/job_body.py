"""The answers about a job, in the shapes of the HTTP contract."""

from typing import Any

import msgspec

from api.job_store import JobView
from enrich_stream import job
from enrich_stream.job import Status
from enrich_stream.person import Outcome
from enrich_stream.records import SettledItem


def accepted_body(job_id: str, poll_url: str, request_id: str) -> dict[str, Any]:
    """202: the job is durable and will be done."""
    return {
        "id": job_id,
        "operationId": job_id,
        "status": Status.QUEUED,
        "pollUrl": poll_url,
        "meta": {"requestId": request_id},
    }


def poll_body(view: JobView) -> dict[str, Any]:
    """200 on GET: how far the job is, and its result once it has ended."""
    status = job.status(view.header)
    if status is Status.QUEUED:
        return _poll(view, status, progress=None)
    if not view.is_complete:
        # A header may arrive before the last rows do: then it says 100 a moment too early.
        progress = min(99, job.progress(view.header))
        return _poll(view, Status.PROCESSING, progress=progress)
    error = _error(view) if status is Status.FAILED else None
    return _poll(view, status, progress=100, result=_result(view), error=error)


def synchronous_body(view: JobView, request_id: str) -> dict[str, Any] | None:
    """200 on POST: the data of a single person; None when nobody could be asked.

    Then the caller gets the operation instead: an outage must not read as "has none". So it does
    when its idempotency key had been used for a batch.
    """
    if view.header.job.kind != "single":
        return None
    (item,) = view.items
    if item.outcome is Outcome.UNKNOWN:
        return None
    answer = msgspec.json.decode(item.answer)
    if item.outcome is Outcome.ABSENT:
        answer["data"] = {
            "contact": {name.partition(".")[2]: [] for name in view.header.job.fields}
        }
        del answer["error"]
    body = {"data": answer["data"], "meta": {"requestId": request_id}}
    if "error" in answer:
        body["error"] = answer["error"]
    return body


def _poll(
    view: JobView,
    status: Status,
    *,
    progress: int | None,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "id": view.header.job.id,
        "operationId": view.header.job.id,
        "status": status,
        "progress": progress,
        "result": result,
        "error": error,
    }


def _result(view: JobView) -> dict[str, Any]:
    result: dict[str, Any] = {"items": [item.answer for item in view.items]}
    if view.header.job.kind == "single" and view.items[0].outcome is Outcome.FOUND:
        result["data"] = msgspec.json.decode(view.items[0].answer)["data"]
    return result


def _error(view: JobView) -> dict[str, Any]:
    if view.header.job.kind == "single":
        error: dict[str, Any] = msgspec.json.decode(view.items[0].answer)["error"]
        return error
    total = view.header.job.total
    return {
        "message": f"None of the {total} persons could be enriched; each item says why.",
        "retryable": any(_is_unknown(item) for item in view.items),
    }


def _is_unknown(item: SettledItem) -> bool:
    return item.outcome is Outcome.UNKNOWN
