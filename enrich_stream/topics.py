"""The topics as ``topics.yaml`` declares them: the one list, typed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from enrich_stream.errors import SetupError
from enrich_stream.records import Lane
from enrich_stream.settings import Settings

DEFAULT_RETENTION_DAYS: float = Settings.model_fields["retention_days"].default
MAX_RECORD_BYTES = 4 * 1024 * 1024
"""The largest record that is sent; ``topics.yaml`` says the same to the brokers."""
MAX_DEAD_LETTER_BYTES = MAX_RECORD_BYTES + 1024 * 1024
"""The same of a dead letter, which is such a record with a few headers more."""
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class TopicClass(StrEnum):
    """Who reads a topic."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CHANGELOG = "changelog"


class CleanupPolicy(StrEnum):
    """How records leave a topic; the value is Kafka's own."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic as declared.

    Attributes:
        name: Its name on the cluster.
        purpose: What it is for, in one line.
        topic_class: Who reads it.
        key: What the record key is.
        record: The type of the value.
        has_keyed_state: Whether the partition count must never change.
        partitions: How many.
        replication_factor: How many copies of each.
        cleanup_policy: How records leave it.
        config: Every setting that is declared, by Kafka's own names.
    """

    name: str
    purpose: str
    topic_class: TopicClass
    key: str
    record: str
    has_keyed_state: bool
    partitions: int
    replication_factor: int
    cleanup_policy: CleanupPolicy
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """All topics, by the role they have in the flow; iterates in that order."""

    requests: Topic
    sync_requests: Topic
    idempotency_keys: Topic
    cancellations: Topic
    tasks: Topic
    sync_tasks: Topic
    retries: Topic
    results: Topic
    contacts: Topic
    dead_letters: Topic
    handled_dead_letters: Topic
    probes: Topic
    access_keys: Topic
    jobs_changelog: Topic
    job_items_changelog: Topic
    contacts_changelog: Topic

    def __iter__(self) -> Iterator[Topic]:
        return (getattr(self, role) for role in roles())

    @property
    def consumed(self) -> tuple[Topic, ...]:
        """What the workers read as a group."""
        return (
            self.requests,
            self.sync_requests,
            self.cancellations,
            self.tasks,
            self.sync_tasks,
            self.retries,
            self.results,
        )

    def requests_of(self, lane: Lane) -> Topic:
        """Where the requests of a lane are accepted."""
        return self.sync_requests if lane is Lane.SYNC else self.requests

    def by_name(self, name: str) -> Topic:
        """The topic of that name on the cluster; raises ``KeyError`` when there is none."""
        for topic in self:
            if topic.name == name:
                return topic
        raise KeyError(name)


def roles() -> tuple[str, ...]:
    """The names of the entries of ``topics.yaml``."""
    return tuple(field.name for field in fields(Topics))


def default_path() -> Path:
    """The list an installed package carries, else the one at the top of the repository."""
    package = Path(__file__).parent
    carried = package / "topics.yaml"
    return carried if carried.exists() else package.parent / "topics.yaml"


def load_topics(
    path: Path | None = None,
    *,
    prefix: str = "",
    replication_factor: int | None = None,
    retention_days: float = DEFAULT_RETENTION_DAYS,
) -> Topics:
    """Read and check the list of topics.

    Args:
        path: The file; None for the one that belongs to this code.
        prefix: Begins the name of every topic.
        replication_factor: Stands for the one of ``defaults`` when given.
        retention_days: What ``retention: job`` stands for.

    Raises:
        SetupError: The file cannot be read or does not say what it must, and where.
    """
    path = path or default_path()
    try:
        declared = _File.model_validate(_read(path))
    except ValidationError as error:
        raise SetupError(_explain(path, error)) from error
    default = declared.defaults
    if replication_factor is not None:
        default = default.model_copy(update={"replication_factor": replication_factor})
    job_retention_ms = round(retention_days * _UNIT_MS["d"])
    topics = Topics(
        **{
            role: entry.resolved(default, prefix, job_retention_ms)
            for role, entry in declared.topics.items()
        }
    )
    _check_names(path, topics)
    _check_co_partitioning(path, topics)
    return topics


def topics_for(settings: Settings) -> Topics:
    """The topics as the settings have them."""
    return load_topics(
        settings.topics_file,
        prefix=settings.kafka_topic_prefix,
        replication_factor=settings.kafka_replication_factor,
        retention_days=settings.retention_days,
    )


def _duration_ms(value: object) -> object:
    """Milliseconds of a text such as ``7d``."""
    found = re.fullmatch(r"([1-9]\d*)([smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a whole number with s, m, h or d, for example 7d")
    return int(found[1]) * _UNIT_MS[found[2]]


def _retention(value: object) -> object:
    """``job``, or milliseconds of a duration."""
    if value == "job":
        return value
    try:
        return _duration_ms(value)
    except ValueError as error:
        raise ValueError(f"{error}, or job") from None


def _kafka_text(value: object) -> object:
    """A setting as Kafka writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


_Duration = Annotated[int, BeforeValidator(_duration_ms)]
_Count = Annotated[int, Field(strict=True, ge=1)]
_Text = Annotated[str, Field(strict=True, min_length=1)]
_Name = Annotated[str, Field(strict=True, pattern=r"^[a-zA-Z0-9._-]{1,249}$")]
_Setting = Annotated[str, BeforeValidator(_kafka_text)]


class _Defaults(BaseModel):
    model_config = ConfigDict(extra="forbid")

    partitions: _Count
    replication_factor: _Count
    segment: _Duration
    config: dict[str, _Setting] = Field(default_factory=dict)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Name
    purpose: _Text
    topic_class: TopicClass = Field(alias="class")
    key: _Text
    record: _Text
    keyed_state: Annotated[bool, Field(strict=True)]
    partitions: _Count | None = None
    replication_factor: _Count | None = None
    segment: _Duration | None = None
    cleanup_policy: CleanupPolicy
    retention: Annotated[int | Literal["job"], BeforeValidator(_retention)] | None = None
    config: dict[str, _Setting] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _retention_fits_policy(self) -> "_Entry":
        if (self.cleanup_policy is CleanupPolicy.DELETE) != (self.retention is not None):
            raise ValueError("retention is for cleanup_policy delete, which cannot do without")
        twice = {"cleanup.policy", "retention.ms", "segment.ms"} & self.config.keys()
        if twice:
            raise ValueError(f"config repeats what has a member of its own: {sorted(twice)}")
        return self

    def resolved(self, default: _Defaults, prefix: str, job_retention_ms: int) -> Topic:
        """The topic, with its full name and the defaults filled in."""
        segment = self.segment or default.segment
        config = {
            "cleanup.policy": self.cleanup_policy.value,
            **default.config,
            **self.config,
        }
        if self.retention is not None:
            retention = job_retention_ms if self.retention == "job" else self.retention
            config["retention.ms"] = str(retention)
            # Nothing leaves the file that is being written.
            segment = min(segment, retention)
        config["segment.ms"] = str(segment)
        return Topic(
            name=f"{prefix}{self.name}",
            purpose=self.purpose,
            topic_class=self.topic_class,
            key=self.key,
            record=self.record,
            has_keyed_state=self.keyed_state,
            partitions=self.partitions or default.partitions,
            replication_factor=self.replication_factor or default.replication_factor,
            cleanup_policy=self.cleanup_policy,
            config=config,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    defaults: _Defaults
    topics: dict[str, _Entry]

    @model_validator(mode="after")
    def _has_every_role(self) -> "_File":
        missing = [role for role in roles() if role not in self.topics]
        unknown = [role for role in self.topics if role not in roles()]
        if missing:
            raise ValueError(f"topics lacks {', '.join(missing)}")
        if unknown:
            raise ValueError(f"topics has {', '.join(unknown)}, which nothing uses")
        return self


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise SetupError(f"{path}: {' '.join(str(error).split())}") from error


def _explain(path: Path, error: ValidationError) -> str:
    faults = (
        f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg'].lower()}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return f"{path}: {'; '.join(faults)}"


def _check_names(path: Path, topics: Topics) -> None:
    seen: set[str] = set()
    for topic in topics:
        if topic.name in seen:
            raise SetupError(f"{path}: two topics have the name {topic.name}")
        seen.add(topic.name)


def _check_co_partitioning(path: Path, topics: Topics) -> None:
    first = topics.requests
    for topic in topics:
        if topic.has_keyed_state and topic.partitions != first.partitions:
            raise SetupError(
                f"{path}: {topic.name} has {topic.partitions} partitions and {first.name} "
                f"{first.partitions}; topics with keyed_state must have the same number"
            )
