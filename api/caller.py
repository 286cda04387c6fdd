"""Who makes a request: set once for each, before any route sees it."""

from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request is made for.

    Attributes:
        organisation: Whose jobs it may start and see.
        key_id: The access key it came with; None on a front door that has none.
    """

    organisation: str
    key_id: str | None = None


ANYBODY = Caller(organisation="default")
"""Everyone who can reach a front door without access keys."""


def caller_of(request: Request) -> Caller:
    """The caller of a request; of a route that needs a key, there always is one."""
    caller: Caller | None = request.state.caller
    if caller is None:
        raise RuntimeError("a route without keys asked who its caller is")
    return caller
