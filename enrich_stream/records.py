"""The records on the topics and in the tables: what travels, and the bytes it travels as.

Every record is a JSON object with a ``version``. Keys are the plain UTF-8 bytes of the key, the
same on topics, in tables and in the standby. Members that a reader does not know are kept and
passed on; what it cannot understand is ``UnreadableRecordError``, never a guess.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, TypeVar

import msgspec

from enrich_stream.errors import UnreadableRecordError
from enrich_stream.person import Field, Outcome
from enrich_stream.unknown_members import decode_with_unknown
from enrich_stream.verification.verdict import Verdict

VERSION = 1
"""Raised when a record changes so that an older reader would misunderstand it."""


class Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Base of everything that records are made of.

    What it forbids is looked at twice by ``decode``, which costs nothing as long as nobody has
    members that are unknown here.
    """


class Record(Part, frozen=True, kw_only=True):
    """Base of every record; ``version`` has no default, so that it is always written."""

    version: int


class Lane(StrEnum):
    """The two ways through the workers; they share nothing that fills up."""

    SYNC = "sync"
    BATCH = "batch"


class JobOptions(Part, frozen=True, kw_only=True):
    """What a caller may ask for besides the fields; see ``options``.

    Attributes:
        max_age_seconds: How old an answer may have been when the job was accepted to stand for
            asking again; None leaves that to the settings alone.
        max_provider_calls: How often providers may be asked for the whole job; None for no cap.
        providers: Who may be asked, in this order; empty for everyone.
        include: What answers show beside the data.
    """

    max_age_seconds: int | None = None
    max_provider_calls: int | None = None
    providers: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


NO_OPTIONS = JobOptions()


class Job(Part, frozen=True, kw_only=True):
    """What every record of one job carries, so that any of them can open the job.

    Attributes:
        id: ``op_`` and 26 characters of Crockford base 32.
        organisation: Whose job it is.
        kind: Whether the caller sent ``identifier`` or ``identifiers``.
        total: How many items it has.
        fields: What is wanted of each.
        accepted_at: ISO 8601, UTC, milliseconds.
        request_id: The ``X-Request-Id`` under which it was accepted.
        lane: Whether somebody waits for it.
        signals_config: The caller's, as given.
        options: What else the caller asked for.
    """

    id: str
    organisation: str
    kind: Literal["single", "batch"]
    total: int
    fields: tuple[Field, ...]
    accepted_at: str
    request_id: str
    lane: Lane = Lane.BATCH
    signals_config: dict[str, Any] = msgspec.field(default_factory=dict)
    options: JobOptions = NO_OPTIONS


class Evidence(Part, frozen=True, kw_only=True):
    """One value of a field with where it comes from; see ``providers.base.Value``."""

    value: Any
    provider: str
    verified: bool
    verification: str | None = None
    observed_at: str | None = None
    confidence: float | None = None
    verdict: Verdict | None = None
    details: dict[str, str] = msgspec.field(default_factory=dict)


class FieldResult(Part, frozen=True, kw_only=True):
    """What is known of one field.

    Attributes:
        outcome: ``found``, ``absent`` or ``unknown``.
        values: Best first, verified before unverified.
        reason: Who said what, when there is no verified value.
        as_of: When this was obtained, ISO 8601, UTC, milliseconds.
        is_recalled: Whether an earlier answer stood for asking again.
    """

    outcome: Outcome
    values: tuple[Evidence, ...] = ()
    reason: str = ""
    as_of: str
    is_recalled: bool = False


class Asked(Part, frozen=True, kw_only=True):
    """One line of the trail.

    Attributes:
        provider: Who was asked, or would have been.
        outcomes: ``found``, ``absent`` or ``unknown`` for each field.
        reasons: Why a field is absent or unknown, when the provider says: no such person, rate
            limited, timed out, left alone because it failed, the job's cap spent, and so on.
        milliseconds: How long it took, checking what it said included.
        cost: What the provider charged, in its own credits.
        identifier: By which name it was asked, when that was not the caller's own.
        learned_from: Whose answer that name stood in.
        was_asked: False when the job itself kept the provider from being asked.
    """

    provider: str
    outcomes: dict[str, str]
    reasons: dict[str, str] = msgspec.field(default_factory=dict)
    milliseconds: int = 0
    cost: float = 0.0
    identifier: str = ""
    learned_from: str = ""
    was_asked: bool = True


class LearnedName(Part, frozen=True, kw_only=True):
    """Another name of a person, and whose answer it stood in."""

    identifier: str
    learned_from: str


class SoFar(Part, frozen=True, kw_only=True):
    """What a look-up came to that is to be gone on with later; see ``Enriched``."""

    person_known: bool = False
    fields: dict[Field, FieldResult] = msgspec.field(default_factory=dict)
    trail: tuple[Asked, ...] = ()
    names: tuple[LearnedName, ...] = ()


class Item(Part, frozen=True, kw_only=True):
    """One person of a job.

    Attributes:
        index: Place in the caller's list, from 0.
        given: The identifier as the caller wrote it, echoed back in the answer.
        identifier: The canonical identifier, as ``Identifier`` writes it.
        so_far: What has been found out already, when the person was put back.
    """

    index: int
    given: dict[str, str]
    identifier: str
    so_far: SoFar | None = None


class EnrichmentRequested(Record, frozen=True, kw_only=True):
    """``enrichment-requests``, key job id: a job was accepted."""

    job: Job
    items: tuple[Item, ...]


class IdempotencyKeyClaimed(Record, frozen=True, kw_only=True):
    """``enrichment-idempotency-keys``, key the hash of organisation and key: a key was used.

    Of several claims of one key the first on the topic holds, for as long as its job is kept.

    Attributes:
        job_id: The job that is started under the key.
        accepted_at: The job's; what is sent again later is the same job.
        order_hash: What was ordered, see ``api.idempotency``; another order is a misuse.
    """

    job_id: str
    accepted_at: str
    order_hash: str


class CancellationRequested(Record, frozen=True, kw_only=True):
    """``enrichment-cancellations``, key job id: the caller wants no more of a job.

    Attributes:
        job: The job, so that one nobody has opened yet can be opened as cancelled.
        requested_at: ISO 8601, UTC, milliseconds.
    """

    job: Job
    requested_at: str


class IdentifierTasks(Record, frozen=True, kw_only=True):
    """``enrichment-tasks``, key job id: those items of a job whose persons share a partition.

    Those on ``enrichment-retries`` are put back: providers had no room for them in time.

    Attributes:
        job: The job.
        items: Its items here.
        max_provider_calls: Their share of the job's cap; None for no cap.
        not_before: When asking may help again, ISO 8601; None for at once.
    """

    job: Job
    items: tuple[Item, ...]
    max_provider_calls: int | None = None
    not_before: str | None = None


class SettledItem(Part, frozen=True, kw_only=True):
    """One item with its outcome.

    Attributes:
        index: Place in the caller's list, from 0.
        outcome: ``found``, ``absent`` or ``unknown``.
        answer: The item as the HTTP contract shows it, already JSON.
        evidence: Who was asked and what came of it, already JSON.
    """

    index: int
    outcome: Outcome
    answer: msgspec.Raw
    evidence: msgspec.Raw


class IdentifierResults(Record, frozen=True, kw_only=True):
    """``enrichment-results``, key job id: one or more items of a job are settled."""

    job: Job
    items: tuple[SettledItem, ...]


class JobItem(Record, frozen=True, kw_only=True):
    """Table ``job_items``, key ``job id/index``: a settled item, written once."""

    item: SettledItem


class JobHeader(Record, frozen=True, kw_only=True):
    """Table ``jobs``, key job id: how far a job is.

    The items are counted as sets, never as numbers, so that counting one twice changes nothing.
    A set is a bit for each item, in hexadecimal (JSON integers stop at 64 bits).

    Attributes:
        dispatched: Whether every task of the job is on its topic.
        found: Set of the items settled as found.
        absent: Set of the items settled as absent.
        unknown: Set of the items settled as unknown.
        cancelled: Set of the items that were not settled when the job was cancelled, and never
            will be.
        updated_at: When the header last changed, ISO 8601.
        completed_at: When the last item was settled or cancelled; None before.
    """

    job: Job
    dispatched: bool = False
    found: str = "0"
    absent: str = "0"
    unknown: str = "0"
    cancelled: str = "0"
    updated_at: str
    completed_at: str | None = None


class EnrichedContact(Record, frozen=True, kw_only=True):
    """``enriched-contacts``, key canonical identifier: the public output, one for each item.

    Attributes:
        id: ``job id/index``: stable, so that a repeat can be told from a new answer.
        organisation: Who asked.
        identifier: Canonical, the same as the key.
        given: As the caller wrote it.
        outcome: Of the item as a whole.
        person_known: Whether anybody asked knows this person.
        fields: The result of each field asked for.
        trail: Who was asked, in order.
        enriched_at: ISO 8601, UTC, milliseconds.
        providers: Who alone could be asked, because the job wanted it so; empty for everyone.
        provider_calls: Of a job with a cap, how often providers were asked for this person up to
            now; 0 without a cap.
    """

    id: str
    organisation: str
    identifier: str
    given: dict[str, str]
    outcome: Outcome
    person_known: bool
    fields: dict[Field, FieldResult]
    trail: tuple[Asked, ...]
    enriched_at: str
    providers: tuple[str, ...] = ()
    provider_calls: int = 0


class RememberedContact(Record, frozen=True, kw_only=True):
    """Table ``contacts``, key canonical identifier: what is known of a person, field by field.

    No field in it is ``unknown``: that nobody could be asked is not worth remembering.

    Attributes:
        person_known: Whether anybody asked knows this person.
        fields: The newest answer of each field.
        provider_calls: How often providers were asked for this person by the latest jobs that
            have a cap, by job id; so that a task that comes again has not its whole share again.
    """

    person_known: bool
    fields: dict[Field, FieldResult]
    provider_calls: dict[str, int] = msgspec.field(default_factory=dict)


R = TypeVar("R", bound=Record)
P = TypeVar("P", bound=Part)

_encoder = msgspec.json.Encoder()
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


class _Versioned(msgspec.Struct):
    version: int


def encode(record: msgspec.Struct) -> bytes:
    """The bytes of a record, or of a part of one."""
    return _encoder.encode(record)


def encoded_size(values: Sequence[Evidence]) -> int:
    """How many bytes values take."""
    return len(_encoder.encode(values))


def raw(content: msgspec.Struct | Mapping[str, Any]) -> msgspec.Raw:
    """JSON that is written once here and passed on as bytes from then on."""
    return msgspec.Raw(_encoder.encode(content))


def decode(data: bytes | None, record_type: type[R]) -> R:
    """A record from its bytes; raises ``UnreadableRecordError`` saying why it is none."""
    if data is None:
        raise UnreadableRecordError("the record has no value")
    try:
        record = decode_part(data, record_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableRecordError(_why(data, error)) from None
    if record.version > VERSION:
        raise UnreadableRecordError(_too_new(record.version))
    return record


def decode_part(data: bytes, part_type: type[P]) -> P:
    """A part of a record that was encoded by itself; raises what ``msgspec`` raises."""
    try:
        return _decoder(part_type).decode(data)
    except msgspec.ValidationError:
        return decode_with_unknown(data, part_type)


def check_key(key: bytes | None, expected: str) -> None:
    """Refuse a record under another key than its own: its rows would land on a wrong partition."""
    if key != expected.encode():
        raise UnreadableRecordError("the record's key is not the one its content says")


def _decoder(part_type: type[P]) -> "msgspec.json.Decoder[P]":
    if part_type not in _decoders:
        _decoders[part_type] = msgspec.json.Decoder(part_type)
    return _decoders[part_type]


def _why(data: bytes, error: Exception) -> str:
    try:
        version = msgspec.json.decode(data, type=_Versioned).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        version = None
    if version is not None and version > VERSION:
        return _too_new(version)
    return f"not a record of this kind: {error}"


def _too_new(version: int) -> str:
    return f"record version {version} is newer than {VERSION}: upgrade this program"
