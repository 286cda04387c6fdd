"""Errors as the HTTP contract shows them: one shape for every status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.json_response import JsonResponse
from enrich_stream import clock


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a body.

    Attributes:
        property: Where, for example ``identifiers.3.linkedin_url``.
        message: What is wrong and how to mend it.
        constraint: The name of the rule that is broken.
    """

    property: str
    message: str
    constraint: str

    def as_json(self) -> dict[str, Any]:
        """As an entry of ``errors``."""
        return {
            "property": self.property,
            "message": self.message,
            "constraints": {self.constraint: self.message},
        }


@dataclass(slots=True)
class Problem(Exception):  # noqa: N818 - it is the contract's word for an answer, not only an error
    """A request that is answered with an error."""

    status: int
    message: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def unavailable(message: str) -> Problem:
    """503: nothing was done, and a later try may succeed."""
    return Problem(503, message, headers={"Retry-After": "2"})


def unexpected() -> Problem:
    """500: an error of ours, of which nothing is shown."""
    return Problem(500, "An unexpected error occurred.")


def unauthenticated(message: str) -> Problem:
    """401: whoever asks has not shown a key that lets in."""
    return Problem(401, message, headers={"WWW-Authenticate": 'Bearer realm="enrich-stream"'})


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a ``Problem``, and with a 500 whatever is none."""
    return problem_response(request, error if isinstance(error, Problem) else unexpected())


async def on_storage_error(request: Request, _error: Exception) -> Response:
    """Answer 503 when the standby's copy cannot be read."""
    return problem_response(request, unavailable("It cannot be told at the moment."))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: an unknown path, a wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    messages = {404: "Resource not found.", 405: "This method is not allowed here."}
    message = messages.get(status, HTTPStatus(status).phrase)
    return problem_response(request, Problem(status, message, headers=headers or {}))


def problem_response(request: Request, problem: Problem) -> Response:
    """The answer to a request that has a problem."""
    body = problem_body(problem, request.url.path, request.state.request_id)
    return JsonResponse(body, status_code=problem.status, headers=dict(problem.headers))


def problem_body(problem: Problem, path: str, request_id: str) -> dict[str, Any]:
    """The contract's error body."""
    body: dict[str, Any] = {
        "statusCode": problem.status,
        "error": HTTPStatus(problem.status).phrase,
        "message": problem.message,
        "path": path,
        "requestId": request_id,
        "timestamp": clock.now(),
    }
    if problem.faults:
        body["errors"] = [fault.as_json() for fault in problem.faults]
    return body
