"""How a provider says what it has to say: the usual reading of statuses, and where it differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from enrich_stream.providers.client.reply import CallOutcome, Response
from enrich_stream.providers.client.resets import WINDOWS

REDIRECTED = "answered with a redirect"
SERVER_ERROR = "had an error of its own"
OTHER_STATUS = "answered with a status that is not agreed"

REASONS: Mapping[CallOutcome, str] = {
    CallOutcome.FOUND: "",
    CallOutcome.NOT_FOUND: "no such person",
    CallOutcome.NOT_MODIFIED: "nothing new",
    CallOutcome.RATE_LIMITED: "rate limited",
    CallOutcome.OUT_OF_CREDITS: "out of credits",
    CallOutcome.BAD_KEY: "refused the key",
    CallOutcome.BAD_INPUT: "cannot be asked by this identifier",
    CallOutcome.PENDING: "still looking",
    CallOutcome.SUPPRESSED: "the person asked not to be processed",
}

_USUAL: Mapping[int, CallOutcome] = {
    HTTPStatus.OK: CallOutcome.FOUND,
    HTTPStatus.ACCEPTED: CallOutcome.PENDING,
    HTTPStatus.NOT_MODIFIED: CallOutcome.NOT_MODIFIED,
    HTTPStatus.BAD_REQUEST: CallOutcome.BAD_INPUT,
    HTTPStatus.UNAUTHORIZED: CallOutcome.BAD_KEY,
    HTTPStatus.PAYMENT_REQUIRED: CallOutcome.OUT_OF_CREDITS,
    HTTPStatus.FORBIDDEN: CallOutcome.BAD_KEY,
    HTTPStatus.NOT_FOUND: CallOutcome.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY: CallOutcome.BAD_INPUT,
    HTTPStatus.TOO_MANY_REQUESTS: CallOutcome.RATE_LIMITED,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: CallOutcome.SUPPRESSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One provider's way of saying things.

    Attributes:
        statuses: Those that mean something else here than usually.
        judge: Decides by the whole response, before the status does; None leaves it to that.
        windows: The pairs of headers in which it tells calls left and when there are more.
        wait_seconds: How long to leave it alone when it refuses a call without saying so.
    """

    statuses: Mapping[int, CallOutcome] | None = None
    judge: Callable[[Response], CallOutcome | None] | None = None
    windows: Sequence[tuple[str, str]] = WINDOWS
    wait_seconds: float = 60.0

    def outcome(self, response: Response) -> CallOutcome:
        """What a response means."""
        judged = self.judge(response) if self.judge else None
        if judged is not None:
            return judged
        own = (self.statuses or {}).get(response.status)
        return own or _USUAL.get(response.status, CallOutcome.UPSTREAM_ERROR)


def reason(outcome: CallOutcome, status: int) -> str:
    """The phrase for a response."""
    if outcome is not CallOutcome.UPSTREAM_ERROR:
        return REASONS[outcome]
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return REDIRECTED
    return SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else OTHER_STATUS
