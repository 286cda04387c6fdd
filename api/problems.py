"""Errors as the HTTP contract shows them: one shape for every status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.json_response import JsonResponse
from enrich_stream import clock
from enrich_stream.errors import StorageError


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


class Problems:
    """Answers the problems that handlers and the router raise.

    Starlette's own way looks at every message of every answer, and costs a read a twentieth.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        try:
            await self._app(scope, receive, send)
        except (Problem, StorageError, HTTPException) as error:
            # In the middle of an answer the server refuses to begin another, and hangs up.
            await problem_response(Request(scope), _problem_of(error))(scope, receive, send)


def _problem_of(error: Problem | StorageError | HTTPException) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, StorageError):
        return unavailable("It cannot be told at the moment.")
    # What the router refuses: an unknown path, a wrong method.
    messages = {404: "Resource not found.", 405: "This method is not allowed here."}
    message = messages.get(error.status_code, HTTPStatus(error.status_code).phrase)
    return Problem(error.status_code, message, headers=error.headers or {})


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
