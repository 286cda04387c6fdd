"""Every setting, read once from the environment; a wrong one stops the start.

Names in the environment are ``ENRICH_`` and the name here in capitals, except for those that
begin with ``KAFKA_``. Each connector has the same variables after its own name, for example
``ENRICH_HUNTER_KEY``. README.md documents them in tables, which a test holds to this file.
"""

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    AliasChoices,
    ByteSize,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    create_model,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from enrich_stream.errors import SetupError
from enrich_stream.providers.client.settings import ConnectorSettings

S = TypeVar("S", bound=BaseSettings)


class _Environment(BaseSettings):
    """How settings stand in the environment."""

    model_config = SettingsConfigDict(
        env_prefix="ENRICH_",
        frozen=True,
        populate_by_name=True,
        # ENRICH_HUNTER_BASE_URL is base_url of hunter; the rest of a name is never split.
        env_nested_delimiter="_",
        env_nested_max_split=1,
    )


GROUP = "enrich-stream"
"""The workers' consumer group, after the prefix."""


class Settings(_Environment):
    """What an operator can change. Sizes take units (``64MiB``), times are in seconds."""

    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092",
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "kafka_bootstrap_servers"),
        description="Kafka brokers, `host:port` separated by commas.",
    )
    kafka_replication_factor: int | None = Field(
        default=None,
        ge=1,
        validation_alias=AliasChoices("KAFKA_REPLICATION_FACTOR", "kafka_replication_factor"),
        description="Replicas of every topic; empty takes the number in `topics.yaml`.",
    )
    kafka_topic_prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]{0,100}$",
        validation_alias=AliasChoices("KAFKA_TOPIC_PREFIX", "kafka_topic_prefix"),
        description="Begins the name of every topic and of the consumer group, so that several"
        " installations can share a cluster.",
    )
    kafka_compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = Field(
        default="zstd",
        validation_alias=AliasChoices("KAFKA_COMPRESSION", "kafka_compression"),
        description="How records are compressed. Who reads the topics must know how; clients"
        " without further libraries often know `gzip` only.",
    )
    topics_file: Path | None = Field(
        default=None, description="Another `topics.yaml` than the one that is shipped."
    )
    data_dir: Path = Field(
        default=Path(".enrich-stream"),
        description="Where this process keeps its RocksDB files. Each process needs its own.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="`auto` is text on a terminal and JSON otherwise."
    )

    monitoring_host: str = Field(
        default="127.0.0.1",
        description="Where a front door or worker shows `/metrics`, `/health/live` and"
        " `/health/ready` to operators, who need no key.",
    )
    monitoring_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of that; empty shows nothing. Each process on a machine needs its own.",
    )

    api_host: str = Field(default="127.0.0.1", description="Where the front door listens.")
    api_port: int = Field(default=8000, ge=0, le=65535, description="Port of the front door.")
    public_url: str | None = Field(
        default=None,
        description="Start of `pollUrl` in answers; empty takes it from the request.",
    )
    max_body_bytes: ByteSize = Field(
        default=ByteSize(1024 * 1024), gt=0, description="Largest request body; above it, 413."
    )
    body_timeout_seconds: float = Field(
        default=30.0, gt=0, description="How long a request body may take to arrive; then 408."
    )
    max_head_bytes: ByteSize = Field(
        default=ByteSize(32 * 1024),
        gt=0,
        description="Largest request line and headers; above it, 431.",
    )
    head_timeout_seconds: float = Field(
        default=10.0, gt=0, description="How long they may take to arrive; then 408."
    )
    send_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        description="How long a client may read nothing of an answer; then it is dropped.",
    )
    cors_origins: str = Field(
        default="",
        description="Web pages that may call from a browser, `https://host` separated by commas.",
    )
    signature_seconds: float = Field(
        default=60.0,
        gt=0,
        description="How far the time of a signature may be from this clock, before or behind;"
        " beyond it, 401.",
    )
    requests_per_minute: int = Field(
        default=600, ge=0, description="Requests of one access key; 0 is no limit."
    )
    polls_per_minute: int = Field(
        default=300, ge=0, description="Those of them that ask for jobs; 0 is no limit."
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="A Redis that counts for all processes together, `redis://host`: the requests"
        " of a key at front doors, the calls to a provider of workers. Without, each counts its"
        " own.",
    )
    sync_budget_seconds: float = Field(
        default=10.0, ge=0, description="How long a POST may wait to answer 200 instead of 202."
    )
    publish_timeout_seconds: float = Field(
        default=4.0, gt=0, description="How long Kafka may take to accept a request; then 503."
    )
    catch_up_seconds: float = Field(
        default=2.0,
        gt=0,
        description="How long a GET of an unknown id, a POST with an `Idempotency-Key` or a DELETE"
        " waits for its standby.",
    )

    heartbeat_seconds: float = Field(
        default=15.0,
        gt=0,
        description="After this long without an event an event stream sends a comment.",
    )
    organisation_event_streams: int = Field(
        default=50,
        ge=1,
        description="Event streams of one organisation that one front door serves at once; above"
        " it, 429.",
    )

    max_open_jobs: int = Field(
        default=20_000,
        ge=1,
        description="Jobs that have not ended, above which a POST is answered 503; batches and"
        " synchronous requests count apart.",
    )
    organisation_open_jobs: int = Field(
        default=5_000,
        ge=1,
        description="Batches of one organisation that have not ended, above which it gets a 429.",
    )
    organisation_items_per_day: int | None = Field(
        default=None,
        ge=1,
        description="Persons that one organisation may ask about between midnights, UTC; above"
        " it, 402. Empty is no limit.",
    )

    session_timeout_seconds: float = Field(
        default=10.0,
        ge=6,
        description="After this long without a sign of life a worker's partitions move on.",
    )
    shutdown_grace_seconds: float = Field(
        default=20.0, gt=0, description="How long a worker may take to finish what it has begun."
    )
    standby_replicas: int = Field(
        default=0,
        ge=0,
        le=3,
        description="Workers that keep a warm copy of each partition's tables; with 1, a partition"
        " moves without reading its tables back. The same on all workers.",
    )
    commit_interval_seconds: float = Field(
        default=1.0, gt=0, description="How often a worker commits what is done."
    )
    task_concurrency: int = Field(
        default=256, ge=1, description="Task records of batches one worker has in hand at once."
    )
    item_concurrency: int = Field(
        default=2_000,
        ge=1,
        description="Persons of batches one worker looks up at once, and as many that were put"
        " back; most of them wait for a provider. Also the most of each for whom calls are made"
        " again after a `kill -9`.",
    )
    sync_concurrency: int = Field(
        default=200,
        ge=1,
        description="Persons somebody waits for that one worker looks up at once, beside batches.",
    )
    organisation_items_under_way: int = Field(
        default=2_000,
        ge=1,
        description="Items of one organisation's batches that one worker sends off before they"
        " are settled; its further batches wait, those of others do not.",
    )
    waiting_jobs: int = Field(
        default=5_000,
        ge=1,
        description="Batches one worker has in hand that wait for their organisation's turn."
        " About 15 KB each.",
    )
    item_deadline_seconds: float = Field(
        default=30.0, gt=0, description="How long looking up one person may take."
    )
    job_deadline_seconds: float = Field(
        default=600.0,
        ge=0,
        description="How long a job may wait for providers that have no room, from when its persons"
        " are first looked up; they are put back until then.",
    )
    waiting_retries: int = Field(
        default=5_000,
        ge=1,
        description="Task records that one worker has in hand while their persons wait for a"
        " provider to have room again.",
    )
    waterfall_file: Path | None = Field(
        default=None,
        description="Another order of providers than the shipped `enrich_stream/waterfall.yaml`;"
        " what it does not mention stays.",
    )
    result_window_seconds: float = Field(
        default=0.1, gt=0, description="Persons of a task settled within this go out together."
    )
    retention_days: float = Field(
        default=7.0,
        gt=0,
        description="How long a job is kept, from its acceptance on; then it is a 404 and gone."
        " Run `topics apply` after a change.",
    )
    remember_found_days: float = Field(
        default=30.0,
        ge=0,
        description="How long a value that was found stands for asking its provider again.",
    )
    remember_absent_days: float = Field(
        default=7.0, ge=0, description="The same for a provider's answer that there is none."
    )
    rocksdb_cache_bytes: ByteSize = Field(
        default=ByteSize(32 * 1024 * 1024), gt=0, description="Read cache of one process in all."
    )
    rocksdb_write_buffer_bytes: ByteSize = Field(
        default=ByteSize(64 * 1024 * 1024), gt=0, description="Write buffers of one process in all."
    )

    verification: Literal["full", "offline", "off"] = Field(
        default="full",
        description="How e-mails and phones are checked: `full` asks the DNS and verifiers,"
        " `offline` nobody, `off` takes each provider's word.",
    )
    dns_servers: str = Field(
        default="",
        description="DNS resolvers to ask, `address` or `address:port` separated by commas; empty"
        " takes the system's.",
    )
    dns_timeout_seconds: float = Field(
        default=5.0, gt=0, description="How long the DNS may take for one domain."
    )

    directory_file: Path | None = Field(
        default=None, description="The operator's own records, CSV or JSON Lines."
    )
    directory_phone_region: str = Field(
        default="US", description="Country of phone numbers written without one."
    )
    endpoint_url: HttpUrl | None = Field(
        default=None, description="An HTTP endpoint of the operator's own that knows people."
    )
    endpoint_token: SecretStr | None = Field(
        default=None, description="Sent to the endpoint as a bearer token."
    )
    endpoint_timeout_seconds: float = Field(
        default=10.0, gt=0, description="How long the endpoint may take for one person."
    )
    endpoint_concurrency: int = Field(
        default=50, ge=1, description="Connections of one worker to the endpoint."
    )

    provider_parked_seconds: float = Field(
        default=3600.0,
        gt=0,
        description="How long a provider that is out of credits or refuses its key is not asked.",
    )
    github: ConnectorSettings = ConnectorSettings()
    gravatar: ConnectorSettings = ConnectorSettings()
    hunter: ConnectorSettings = ConnectorSettings()
    prospeo: ConnectorSettings = ConnectorSettings()
    leadmagic: ConnectorSettings = ConnectorSettings()
    peopledatalabs: ConnectorSettings = ConnectorSettings()

    hackernews: ConnectorSettings = ConnectorSettings()
    bluesky: ConnectorSettings = ConnectorSettings()
    mastodon: ConnectorSettings = ConnectorSettings()
    rss: ConnectorSettings = ConnectorSettings()
    x: ConnectorSettings = ConnectorSettings()
    signals_github: bool = Field(
        default=False,
        description="Whether GitHub is asked for signals, with the key and limits of the provider"
        " `github`.",
    )
    signals_private_hosts: bool = Field(
        default=False,
        description="Whether feeds and Mastodon servers that callers name may be at addresses that"
        " are not public.",
    )
    signals_intent_rules_file: Path | None = Field(
        default=None,
        description="Rules by which intent is read, in place of those in"
        " `enrich_stream/signals/intent_rules.yaml`.",
    )

    @property
    def compression(self) -> str | None:
        """The codec of everything that is sent; None for none."""
        return None if self.kafka_compression == "none" else self.kafka_compression

    @property
    def consumer_group(self) -> str:
        """The workers' group, which also begins the names of their tables' changelog topics."""
        return f"{self.kafka_topic_prefix}{GROUP}"


def load_settings() -> Settings:
    """Read the environment; ``SetupError`` names every variable that is wrong."""
    return _read(Settings)


def load_connector_settings(name: str) -> ConnectorSettings:
    """The same for a connector of another package: ``ENRICH_<NAME>_KEY`` and its likes.

    Args:
        name: The connector's, in lower case and without an underscore.
    """
    field: dict[str, Any] = {name: (ConnectorSettings, ConnectorSettings())}
    own = create_model("OwnSettings", __base__=_Environment, **field)
    settings: ConnectorSettings = getattr(_read(own), name)
    return settings


def _read(settings: type[S]) -> S:
    try:
        return settings()
    except ValidationError as error:
        faults = "; ".join(f"{_variable(e['loc'])}: {e['msg']}" for e in error.errors())
        raise SetupError(f"wrong settings: {faults}") from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = "_".join(map(str, location))
    return name if name.startswith("KAFKA_") else f"ENRICH_{name.upper()}"
