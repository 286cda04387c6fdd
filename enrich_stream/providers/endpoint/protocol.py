"""What goes over the wire and what it means: the rules, without any connection.

Reasons are fixed phrases; text from an answer may hold personal data.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from enrich_stream.errors import InputError
from enrich_stream.identifiers import normalise
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.providers.base import Answer, Finding, Outcome, Question, Value

NO_SUCH_PERSON = "no such person"
NOTHING_ON_RECORD = "nothing on record"
ONLY_UNVERIFIED = "only unverified values"

COULD_NOT_SAY = "could not say"
DID_NOT_SAY = "did not say"
REFUSED_TOKEN = "refused the token"  # noqa: S105 - a reason, not a token
TOO_MANY = "too many requests"
SERVER_ERROR = "had an error of its own"
REDIRECTED = "answered with a redirect"
OTHER_STATUS = "answered with a status that is not agreed"
TOO_LARGE = "answered more than 1 MiB"
NOT_JSON = "answered something that is not JSON"
NOT_AS_AGREED = "answered something that is not as agreed"
WITHOUT_VALUES = "answered found without a value"
NOT_A_VALUE: Mapping[Field, str] = {
    Field.EMAIL: "answered something that is not an e-mail",
    Field.PHONE: "answered something that is not an E.164 phone",
    Field.PROFILE: "answered something that is not a JSON object",
    Field.SIGNALS: "answered something that is not a JSON object",
}

MAX_DEPTH = 50
"""Levels of a profile or signals. No real one comes near; the encoder gives up at some hundreds."""

_OWN_REASONS = {Outcome.ABSENT: NOTHING_ON_RECORD, Outcome.UNKNOWN: COULD_NOT_SAY}
_STATUS_REASONS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: REFUSED_TOKEN,
    HTTPStatus.FORBIDDEN: REFUSED_TOKEN,
    HTTPStatus.TOO_MANY_REQUESTS: TOO_MANY,
}

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Letters, spaces and punctuation: no room for an e-mail, a phone or most handles.
_PHRASE = re.compile(r"[^\W\d_](?:[^\W\d_]|[ ,.;:'()-]){0,79}")


class _Value(msgspec.Struct):
    value: Any
    verified: bool | None = None
    verification: Annotated[str, Meta(max_length=80)] | None = None
    observed_at: Annotated[datetime, Meta(tz=True)] | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None


class _Said(msgspec.Struct):
    outcome: Outcome
    values: list[_Value] | None = None
    reason: Any = None


class _Reply(msgspec.Struct):
    fields: dict[str, Any]
    person_known: bool | None = None
    cost: Annotated[float, Meta(ge=0)] | None = None


_decoder = msgspec.json.Decoder(_Reply)


def question_body(question: Question) -> bytes:
    """The body of the request."""
    named = question.identifier
    body: dict[str, Any] = {
        "identifier": {"kind": named.kind, "value": named.value},
        "fields": sorted(question.fields),
    }
    if question.signals_config:
        body["signals_config"] = question.signals_config
    return msgspec.json.encode(body)


def read_answer(status: int, body: bytes | None, fields: frozenset[Field]) -> Answer:
    """What a response says.

    Args:
        status: Its HTTP status.
        body: Its complete body; None when that was too large to be read.
        fields: What was asked for.
    """
    if status == HTTPStatus.NOT_FOUND:
        return Answer.same_for_all(fields, Outcome.ABSENT, NO_SUCH_PERSON)
    if status != HTTPStatus.OK:
        return nothing_known(fields, _status_reason(status))
    if body is None:
        return nothing_known(fields, TOO_LARGE)
    try:
        reply = _decoder.decode(body)
    except msgspec.ValidationError:
        return nothing_known(fields, NOT_AS_AGREED)
    # Hundreds of brackets in each other are JSON, but none that anybody can read.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return nothing_known(fields, NOT_JSON)
    return _answer(reply, fields)


def nothing_known(fields: frozenset[Field], reason: str) -> Answer:
    """The answer when nobody could be asked: every field unknown."""
    return Answer.same_for_all(fields, Outcome.UNKNOWN, reason)


def _status_reason(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return REDIRECTED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SERVER_ERROR
    return _STATUS_REASONS.get(status, OTHER_STATUS)


def _answer(reply: _Reply, fields: frozenset[Field]) -> Answer:
    findings = {field: _finding(field, reply.fields) for field in fields}
    anything = any(finding.outcome is Outcome.FOUND for finding in findings.values())
    return Answer(
        findings=findings, person_known=anything or bool(reply.person_known), cost=reply.cost or 0.0
    )


def _finding(field: Field, said_of: Mapping[str, Any]) -> Finding:
    if field not in said_of:
        return Finding(Outcome.UNKNOWN, reason=DID_NOT_SAY)
    try:
        said = msgspec.convert(said_of[field], _Said)
        if said.outcome is Outcome.FOUND:
            return _found(field, said.values or [])
    # The second: a moment so far off that it has no date in UTC.
    except (msgspec.ValidationError, OverflowError):
        return Finding(Outcome.UNKNOWN, reason=NOT_AS_AGREED)
    except InputError:
        return Finding(Outcome.UNKNOWN, reason=NOT_A_VALUE[field])
    return Finding(said.outcome, reason=_phrase(said.reason) or _OWN_REASONS[said.outcome])


def _found(field: Field, given: list[_Value]) -> Finding:
    if not given:
        return Finding(Outcome.UNKNOWN, reason=WITHOUT_VALUES)
    values = tuple(_value(field, one) for one in given)
    if any(value.verified for value in values):
        return Finding(Outcome.FOUND, values)
    return Finding(Outcome.ABSENT, values, ONLY_UNVERIFIED)


def _value(field: Field, given: _Value) -> Value:
    return Value(
        value=_READERS[field](given.value),
        verified=given.verified is True,
        verification=given.verification,
        observed_at=given.observed_at.astimezone(UTC) if given.observed_at else None,
        confidence=given.confidence,
    )


def _phrase(reason: object) -> str | None:
    return reason if isinstance(reason, str) and _PHRASE.fullmatch(reason) else None


def _email(value: object) -> str:
    if not isinstance(value, str):
        raise InputError("must be a text")
    return normalise(IdentifierKind.EMAIL, value).value


def _phone(value: object) -> str:
    if not (isinstance(value, str) and _E164.fullmatch(value)):
        raise InputError("must be an E.164 phone")
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or _is_deeper(value, MAX_DEPTH):
        raise InputError(f"must be a JSON object of at most {MAX_DEPTH} levels")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(part, levels - 1) for part in parts)


_READERS: Mapping[Field, Callable[[object], Any]] = {
    Field.EMAIL: _email,
    Field.PHONE: _phone,
    Field.PROFILE: _object,
    Field.SIGNALS: _object,
}
