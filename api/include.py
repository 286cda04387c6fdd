"""``?include=``: what a read shows on top of the contract's plain answer."""

from collections.abc import Sequence
from enum import StrEnum

from starlette.requests import Request

from api.job_row import JobView
from api.problems import Fault, Problem
from api.standby import Standby
from enrich_stream.options import EVIDENCE


class Include(StrEnum):
    """What can be asked for, one or both, separated by commas."""

    ITEMS = "items"
    """The items that are settled, while the job still runs."""
    EVIDENCE = "evidence"
    """With each item where its values are from, and who was asked."""


PLAIN: frozenset[Include] = frozenset()
"""Nothing on top."""


def included(request: Request) -> frozenset[Include]:
    """What a request asks for; raises ``Problem`` 400 for anything else."""
    given = request.query_params.getlist("include") if request.scope["query_string"] else ()
    if not given:
        return PLAIN
    names = {name.strip() for name in ",".join(given).split(",")}
    if names - set(Include):
        message = f"each of include must be one of {', '.join(Include)}"
        raise Problem(400, "Validation failed", [Fault("include", message, "isEnum")])
    return frozenset(map(Include, names))


def shown_items(standby: Standby, view: JobView, include: frozenset[Include]) -> bytes | None:
    """The items to show, as JSON between commas, in the caller's order; None if none are yet."""
    if not view.is_complete and Include.ITEMS not in include:
        return None
    if wants_evidence(view, include):
        return b",".join(items_of(standby, view, include, view.shown))
    return standby.joined_answers(view)


def wants_evidence(view: JobView, include: frozenset[Include]) -> bool:
    """Whether evidence is shown: the read asks for it, or the job did when it was submitted."""
    return Include.EVIDENCE in include or EVIDENCE in view.header.job.options.include


def items_of(
    standby: Standby,
    view: JobView,
    include: frozenset[Include],
    indexes: Sequence[int] | None = None,
) -> list[bytes]:
    """Settled items as JSON; all of a job's, or those of ``indexes``."""
    answers = standby.answers(view.id, indexes)
    if not wants_evidence(view, include):
        return answers
    return list(map(_with_evidence, answers, standby.evidence(view.id, indexes)))


def _with_evidence(answer: bytes, evidence: bytes) -> bytes:
    # Both are JSON objects, and an answer is never an empty one.
    return b'%s,"evidence":%s}' % (answer.removesuffix(b"}"), evidence)
