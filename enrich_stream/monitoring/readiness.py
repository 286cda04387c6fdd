"""Whether a process can do its work, and if not, what is missing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Readiness:
    """What ``/health/ready`` says.

    Attributes:
        checks: What must hold, by name, and whether it does.
        details: What else an operator may want to know; decides nothing.
    """

    checks: Mapping[str, bool]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status_code(self) -> int:
        """Of the answer over HTTP: 200, or 503 when a check fails."""
        return 200 if all(self.checks.values()) else 503

    @property
    def body(self) -> dict[str, Any]:
        """The answer as a JSON object."""
        status = "ok" if all(self.checks.values()) else "unavailable"
        return {"status": status, "checks": dict(self.checks), **self.details}


Ready = Callable[[], Awaitable[Readiness]]
