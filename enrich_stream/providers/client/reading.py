"""What a response comes to: the rules, without any connection."""

from http import HTTPStatus

import msgspec

from enrich_stream.providers.client.dialect import Dialect, reason
from enrich_stream.providers.client.reply import CallOutcome, Reply, Response, T
from enrich_stream.providers.client.resets import seconds_from_now, seconds_to_wait

TOO_LARGE = "answered more than 1 MiB"
NOT_THAT_TYPE = "answered another type of content than agreed"
NOT_JSON = "answered something that is not JSON"
NOT_AS_AGREED = "answered something that is not as agreed"

PENDING_SECONDS = 3.0
"""Until a pending answer is asked for again, when the provider does not say."""
LEAST_PENDING_SECONDS = 1.0
"""Not sooner, whatever the provider says: it is asked until the deadline, without another end."""


def read(response: Response, shape: type[T], dialect: Dialect, wall: float) -> Reply[T]:
    """The reply that a response is.

    Args:
        response: As it came.
        shape: What its JSON must be; ``bytes`` for a body of any type as it is.
        dialect: How this provider says what it has to say.
        wall: The present moment, in seconds since the epoch.
    """
    outcome = dialect.outcome(response)
    body, fault = None, reason(outcome, response.status)
    if outcome is CallOutcome.FOUND:
        body, fault = _body(response, shape)
        outcome = CallOutcome.UPSTREAM_ERROR if fault else outcome
    seconds = _seconds_to_wait(outcome, response, dialect, wall)
    return Reply(
        outcome=outcome,
        body=body,
        reason=fault,
        retry_at=None if seconds is None else wall + seconds,
        status=response.status,
        headers=response.headers,
    )


def _body(response: Response, shape: type[T]) -> tuple[T | None, str]:
    """The body in the shape that was asked for, or None and what is wrong with it."""
    if response.body is None:
        return None, TOO_LARGE
    if shape is bytes:
        return response.body, ""  # type: ignore[return-value] # T is bytes here
    if not response.is_json:
        return None, NOT_THAT_TYPE
    try:
        return msgspec.json.decode(response.body, type=shape), ""
    except msgspec.ValidationError:
        return None, NOT_AS_AGREED
    # Hundreds of brackets in each other are JSON, but none that anybody can read.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, NOT_JSON


def _seconds_to_wait(
    outcome: CallOutcome, response: Response, dialect: Dialect, wall: float
) -> float | None:
    """How long before the call may be repeated; None when nothing was said that matters."""
    asked = seconds_from_now(response.headers.get("Retry-After"), wall)
    match outcome:
        case CallOutcome.RATE_LIMITED:
            told = seconds_to_wait(response.headers, wall, dialect.windows)
            return dialect.wait_seconds if told is None else told
        case CallOutcome.PENDING:
            return PENDING_SECONDS if asked is None else max(asked, LEAST_PENDING_SECONDS)
        case CallOutcome.UPSTREAM_ERROR if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return asked
    return None
