"""A job as reads show it: the body, and the tag by which a caller knows it again."""

import hashlib

import msgspec

from api.final_answer import FinalAnswer
from api.include import PLAIN, Include, shown_items, wants_evidence
from api.job_body import poll_body
from api.job_row import JobView
from api.standby import Standby


def plain_body(standby: Standby, view: JobView) -> bytes:
    """The job as JSON, with nothing on top of the contract's plain answer."""
    answer = standby.final_answer(view.id) if view.is_complete else None
    return answer.body if answer else body_of(standby, view, PLAIN)


def body_of(standby: Standby, view: JobView, include: frozenset[Include]) -> bytes:
    """The job as JSON, made from its items; kept for who reads it again once it has ended."""
    body = msgspec.json.encode(poll_body(view, shown_items(standby, view, include)))
    if include == PLAIN and view.is_complete:
        job = view.header.job
        tag = tag_of(view, include)
        standby.keep(view, FinalAnswer(job.organisation, job.accepted_at, tag, body))
    return body


def tag_of(view: JobView, include: frozenset[Include]) -> str:
    """The same for the same answer, on every front door; made without reading any item.

    Weak, for proxies may write the same answer in other bytes.
    """
    header = view.header
    evidence = wants_evidence(view, include)
    sets = (header.found, header.absent, header.unknown, header.cancelled)
    shown = (view.status, *sets, view.here, evidence, Include.ITEMS in include)
    return f'W/"{hashlib.blake2b(repr(shown).encode(), digest_size=9).hexdigest()}"'
