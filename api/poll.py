"""``GET /api/enrichments/{id}``: a job as the standby knows it, at once or waited for.

Whoever polls is told when to ask again, may be answered 304 when nothing has changed, and may let
the front door wait for the job (``Prefer: wait=N``): until it has ended, or with ``If-None-Match``
until there is anything new.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from api.auth import is_still_welcome
from api.include import Include, included, shown_items, wants_evidence
from api.job_body import poll_body
from api.job_row import JobView
from api.json_response import JsonResponse
from api.own_job import no_such_job, own_job
from api.problems import unauthenticated
from api.waiting import preferred_wait, until, waiting_headers


async def get_enrichment(request: Request) -> Response:
    """``GET /api/enrichments/{id}``: how far the job is, and its result."""
    include, wait = included(request), preferred_wait(request)
    known = _known_tags(request)

    def is_enough(view: JobView | None) -> bool:
        return view is None or view.is_complete or bool(known and _tag(view, include) not in known)

    view: JobView | None = await own_job(request)
    if wait:
        view = await until(is_enough, request, request.path_params["job_id"], wait)
        if not is_still_welcome(request):
            raise unauthenticated("The access key is no longer valid.")
    if view is None:
        raise no_such_job()
    tag = _tag(view, include)
    headers = waiting_headers(wait, is_complete=view.is_complete)
    # Whoever keeps an answer has to ask whether it still holds.
    headers |= {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in known:
        return Response(status_code=304, headers=headers)
    items = shown_items(request.state.standby, view, include)
    return JsonResponse(poll_body(view, items), headers=headers)


def _tag(view: JobView, include: frozenset[Include]) -> str:
    """The same for the same answer, on every front door; made without reading any item.

    Weak, for proxies may write the same answer in other bytes.
    """
    header = view.header
    evidence = wants_evidence(view, include)
    sets = (header.found, header.absent, header.unknown, header.cancelled)
    shown = (view.status, *sets, view.here, evidence, Include.ITEMS in include)
    return f'W/"{hashlib.blake2b(repr(shown).encode(), digest_size=9).hexdigest()}"'


def _known_tags(request: Request) -> frozenset[str]:
    """What ``If-None-Match`` lists; tags are compared as weak ones."""
    listed = ",".join(request.headers.getlist("If-None-Match"))
    if not listed:
        return frozenset()
    return frozenset(f"W/{tag.strip().removeprefix('W/')}" for tag in listed.split(","))
