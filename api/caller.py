"""Who makes a request: set once for each, before any route sees it."""

from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request is made for.

    Attributes:
        organisation: Whose jobs it may start and see.
    """

    organisation: str


ANYBODY = Caller(organisation="default")
"""Everyone who can reach a front door without access keys."""


def caller_of(request: Request) -> Caller:
    """The caller of a request."""
    caller: Caller = request.state.caller
    return caller
