"""What the server's answer says about each row."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enrich_stream.person import Field
from enrich_stream.submit.people_file import cell_text

_CONTACT_KEYS = {Field.EMAIL: "email", Field.PHONE: "phone"}


class RowStatus(StrEnum):
    """What became of a row."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What is written beside a row.

    Attributes:
        status: What became of the row.
        error: Why, when it was not found.
        emails: Best first.
        phones: Best first.
        profile: A JSON object when the profile was asked for and found.
        signals: A JSON object when signals were asked for and found.
    """

    status: RowStatus
    error: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    profile: Any = None
    signals: Any = None


def invalid(why: str) -> RowResult:
    """A row that the server was not or could not be asked about."""
    return RowResult(status=RowStatus.INVALID, error=why)


def read_operation(
    operation: Mapping[str, Any], sent: Sequence[Mapping[str, str]], fields: Sequence[Field]
) -> list[RowResult]:
    """One result for each identifier that was sent, in the order they were sent.

    Args:
        operation: The body of a GET whose status is final.
        sent: The identifiers that were sent.
        fields: What was asked for.
    """
    items = _mapping(operation.get("result")).get("items")
    answers = [_mapping(item) for item in items or ()][: len(sent)]
    why = _message(operation) or "the server gave no answer for this row"
    silence = RowResult(status=RowStatus.UNKNOWN, error=why)
    return [
        silence if answer is None else read_item(answer, fields)
        for answer in _by_row(answers, sent)
    ]


def read_item(item: Mapping[str, Any], fields: Sequence[Field]) -> RowResult:
    """The result of one row."""
    answer = _mapping(item.get("data"))
    contact = _mapping(answer.get("contact"))
    status, why = _judge(item, contact, fields)
    return RowResult(
        status=status,
        error=why,
        emails=_texts(contact.get("email")),
        phones=_texts(contact.get("phone")),
        profile=answer.get("profile"),
        signals=answer.get("signals"),
    )


def _by_row(
    answers: Sequence[Mapping[str, Any]], sent: Sequence[Mapping[str, str]]
) -> list[Mapping[str, Any] | None]:
    """The answer of each identifier, or None. A job that was cancelled has only some of them."""
    if len(answers) == len(sent):
        return list(answers)
    left = deque(answers)
    return [
        left.popleft() if left and left[0].get("identifier", identifier) == identifier else None
        for identifier in sent
    ]


def _judge(
    item: Mapping[str, Any], contact: Mapping[str, Any], fields: Sequence[Field]
) -> tuple[RowStatus, str]:
    if item.get("status") == "success":
        missing = [f for f in fields if f in _CONTACT_KEYS and _CONTACT_KEYS[f] not in contact]
        if not missing:
            return RowStatus.FOUND, ""
        # An empty list says that there is none; no list says that nobody could be asked.
        return RowStatus.UNKNOWN, f"{', '.join(missing)} could not be determined"
    error = _mapping(item.get("error"))
    if item.get("status") == "failed" and error.get("retryable") is not True:
        return RowStatus.ABSENT, _message(item)
    return RowStatus.UNKNOWN, _message(item)


def _message(answer: Mapping[str, Any]) -> str:
    return cell_text(_mapping(answer.get("error")).get("message"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(cell_text(text) for text in value) if isinstance(value, list) else ()
