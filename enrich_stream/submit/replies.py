"""Understanding what the server answers, good and bad."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from enrich_stream.errors import EnrichStreamError, InputError, SetupError

_FAULTY_IDENTIFIER = re.compile(r"(?:body\.)?identifiers(?:\.|\[)(\d+)(?=\]|\.|$)")
_SAID_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered to one request.

    Attributes:
        status: The HTTP status code.
        body: The JSON object; empty when there was none.
        retry_after: What the server asked to wait, in seconds.
    """

    status: int
    body: Mapping[str, Any]
    retry_after: float | None

    @property
    def passes_by_itself(self) -> bool:
        """Whether the same request may well succeed later."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status in {
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.TOO_MANY_REQUESTS,
        }


def json_object(text: bytes) -> Mapping[str, Any]:
    """The body as a JSON object; empty when it is anything else, such as a proxy's page."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}


def identifier_faults(reply: Reply) -> dict[int, str]:
    """What is wrong with which identifier; empty when anything else is wrong too."""
    faults: dict[int, list[str]] = {}
    for error in _errors(reply):
        where = _FAULTY_IDENTIFIER.match(str(error.get("property")))
        if where is None:
            return {}
        faults.setdefault(int(where[1]), []).append(str(error.get("message")))
    return {position: "; ".join(messages) for position, messages in faults.items()}


def refusal(reply: Reply) -> EnrichStreamError:
    """The error for an answer that no later try will change."""
    said = " ".join(str(reply.body.get("message", "")).split())[:_SAID_CHARACTERS]
    answer = f"{reply.status} {said}".rstrip()
    match reply.status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return SetupError(
                f"the server refuses the keys ({answer}); "
                "set ENRICH_ACCESS_KEY and ENRICH_SECRET_KEY"
            )
        case HTTPStatus.PAYMENT_REQUIRED:
            return SetupError(f"the server has no credits left for this ({answer})")
        case HTTPStatus.BAD_REQUEST:
            return InputError(f"the server refuses the request ({answer}{_named_faults(reply)})")
        case _:
            return SetupError(f"the server's answer is unexpected ({answer}); is --url right?")


def _named_faults(reply: Reply) -> str:
    # Only which members are at fault: a message about an identifier may repeat it.
    names = sorted({str(error.get("property"))[:60] for error in _errors(reply)})
    return ": " + ", ".join(names[:5]) if names else ""


def _errors(reply: Reply) -> list[Mapping[str, Any]]:
    errors = reply.body.get("errors")
    listed = errors if isinstance(errors, list) else []
    return [error for error in listed if isinstance(error, Mapping)]
