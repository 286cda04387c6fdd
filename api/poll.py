"""``GET /api/enrichments/{id}``: a job as the standby knows it, at once or waited for.

Whoever polls is told when to ask again, may be answered 304 when nothing has changed, and may let
the front door wait for the job (``Prefer: wait=N``): until it has ended, or with ``If-None-Match``
until there is anything new.
"""

from starlette.requests import Request
from starlette.responses import Response

from api.auth import is_still_welcome
from api.include import PLAIN, Include, included
from api.job_row import JobView
from api.own_job import no_such_job, own_final_answer, own_job
from api.problems import unauthenticated
from api.shown_job import body_of, tag_of
from api.waiting import preferred_wait, until, waiting_headers


async def get_enrichment(request: Request) -> Response:
    """``GET /api/enrichments/{id}``: how far the job is, and its result."""
    include, wait = included(request), preferred_wait(request)
    known = _known_tags(request)
    answer = own_final_answer(request) if include == PLAIN else None
    if answer is not None:
        headers = _headers(answer.tag, wait, is_complete=True)
        return _not_modified(headers) if answer.tag in known else _json(answer.body, headers)
    view = await _awaited_job(request, include, wait, known)
    tag = tag_of(view, include)
    headers = _headers(tag, wait, is_complete=view.is_complete)
    if tag in known:
        return _not_modified(headers)
    return _json(body_of(request.state.standby, view, include), headers)


async def _awaited_job(
    request: Request, include: frozenset[Include], wait: int | None, known: frozenset[str]
) -> JobView:
    """The job once there is what the caller waits for, or its time is over."""

    def is_enough(view: JobView | None) -> bool:
        return (
            view is None or view.is_complete or bool(known and tag_of(view, include) not in known)
        )

    view: JobView | None = await own_job(request)
    if wait:
        view = await until(is_enough, request, request.path_params["job_id"], wait)
        if not is_still_welcome(request):
            raise unauthenticated("The access key is no longer valid.")
    if view is None:
        raise no_such_job()
    return view


def _headers(tag: str, wait: int | None, *, is_complete: bool) -> dict[str, str]:
    # Whoever keeps an answer has to ask whether it still holds.
    own = {"ETag": tag, "Cache-Control": "private, no-cache"}
    return waiting_headers(wait, is_complete=is_complete) | own


def _not_modified(headers: dict[str, str]) -> Response:
    return Response(status_code=304, headers=headers)


def _json(body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, headers=headers, media_type="application/json")


def _known_tags(request: Request) -> frozenset[str]:
    """What ``If-None-Match`` lists; tags are compared as weak ones."""
    listed = ",".join(request.headers.getlist("If-None-Match"))
    if not listed:
        return frozenset()
    return frozenset(f"W/{tag.strip().removeprefix('W/')}" for tag in listed.split(","))
