"""The answers about a job, in the shapes of the HTTP contract."""

from typing import Any

import msgspec

from api.job_row import JobView
from enrich_stream import job
from enrich_stream.job import Status
from enrich_stream.person import Outcome

_NULL = msgspec.Raw(b"null")


class _Answer(msgspec.Struct):
    """The parts of an item's answer that a job's answer repeats."""

    data: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL
    evidence: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Reason(msgspec.Struct):
    """Why a person could not be enriched."""

    retryable: bool = False


class _Failed(msgspec.Struct):
    """An item of a job that has failed."""

    error: _Reason | None = None


def accepted_body(job_id: str, poll_url: str, request_id: str) -> dict[str, Any]:
    """202: the job is durable and will be done."""
    return {
        "id": job_id,
        "operationId": job_id,
        "status": Status.QUEUED,
        "pollUrl": poll_url,
        "meta": {"requestId": request_id},
    }


def poll_body(view: JobView, items: bytes | None) -> dict[str, Any]:
    """200 on GET: how far the job is, and its result.

    Args:
        view: The job.
        items: Those to show, as JSON between commas; None while there is no result.
    """
    return {
        "id": view.id,
        "operationId": view.id,
        "status": view.status,
        "progress": view.progress,
        "result": None if items is None else _result(view, items),
        "error": _error(view, items),
    }


def synchronous_body(view: JobView, item: bytes, request_id: str) -> dict[str, Any] | None:
    """200 on POST: the data of a single person; None when nobody could be asked.

    Then the caller gets the operation instead: an outage must not read as "has none". So it does
    of a job that was cancelled.
    """
    if not item or job.count(view.header, Outcome.UNKNOWN):
        return None
    answer = _answer(item)
    body: dict[str, Any] = {"data": answer.data, "meta": {"requestId": request_id}}
    if job.count(view.header, Outcome.ABSENT):
        names = (name.partition(".")[2] for name in view.header.job.fields)
        body["data"] = {"contact": {name: [] for name in names}}
    elif answer.error != _NULL:
        body["error"] = answer.error
    if answer.evidence is not msgspec.UNSET:
        body["evidence"] = answer.evidence
    return body


def _result(view: JobView, items: bytes) -> dict[str, Any]:
    result: dict[str, Any] = {"items": msgspec.Raw(b"[%s]" % items)}
    if view.header.job.kind == "single" and job.count(view.header, Outcome.FOUND) and items:
        result["data"] = _answer(items).data
    return result


def _error(view: JobView, items: bytes | None) -> Any:
    settled, total = job.settled_count(view.header), view.header.job.total
    if view.status is Status.CANCELLED:
        message = f"The job was cancelled; {settled} of {total} persons were looked up before."
        return {"message": message, "retryable": False}
    if view.status is not Status.FAILED or not items:
        return None
    if view.header.job.kind == "single":
        return _answer(items).error
    return {
        "message": f"None of the {total} persons could be enriched; each item says why.",
        "retryable": any(item.error and item.error.retryable for item in _failed(items)),
    }


def _failed(items: bytes) -> list[_Failed]:
    return msgspec.json.decode(b"[%s]" % items, type=list[_Failed])


def _answer(item: bytes) -> _Answer:
    return msgspec.json.decode(item, type=_Answer)
