"""The Faust application of a worker: which agent reads which topic and writes which table."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import faust
from faust.types import StreamT, TopicT
from faust.types.enums import ProcessingGuarantee

from enrich_stream.agents.dead_letters import DeadLetters
from enrich_stream.agents.enrich_identifier import EnrichIdentifier, Pace
from enrich_stream.agents.remember_contact import RememberContact
from enrich_stream.agents.settle_job import SettleJob
from enrich_stream.agents.split_request import SplitRequest
from enrich_stream.agents.stage import Handler, Stage
from enrich_stream.providers.base import Provider
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.tables import DurableTable
from enrich_stream.topics import Topic, Topics

APP_ID = "enrich-stream"
"""The consumer group, and the beginning of the changelog topics' names; after the prefix."""

TABLE_EVENTS_AT_ONCE = 200
"""How many events of a table-writing agent may wait for their deliveries."""


def create_app(
    settings: Settings, topics: Topics, providers: Sequence[Provider], *, store: str = "rocksdb://"
) -> faust.App:
    """A worker's application, declared but not started.

    Args:
        settings: See ``settings``.
        topics: The declared topics; they must exist before the application starts.
        providers: Whom to ask, in order.
        store: ``rocksdb://``, or ``memory://`` in tests.
    """
    app = _engine(settings, store)
    memory = RocksMemory(settings) if store.startswith("rocksdb") else None
    jobs = _table(app, "jobs", memory)
    job_items = _table(app, "job_items", memory)
    contacts = _table(app, "contacts", memory)
    dead_letters = DeadLetters(_topic(app, topics.dead_letters))
    pace = Pace(
        item_concurrency=settings.item_concurrency,
        item_deadline_seconds=settings.item_deadline_seconds,
        result_window_seconds=settings.result_window_seconds,
    )
    tasks, results = _topic(app, topics.tasks), _topic(app, topics.results)
    enriched = _topic(app, topics.contacts)

    def agent(topic: TopicT, name: str, handle: Handler, at_once: int) -> None:
        stage = Stage(app, name, dead_letters, at_once)

        async def run(stream: StreamT[bytes]) -> AsyncIterator[bytes | None]:
            async for value in stage.run(stream, handle):
                yield value

        app.agent(topic, name=name)(run)

    agent(
        _topic(app, topics.requests),
        "split_request",
        SplitRequest(jobs, tasks, topics.tasks.partitions),
        TABLE_EVENTS_AT_ONCE,
    )
    agent(
        tasks,
        "enrich_identifier",
        EnrichIdentifier(providers, results, enriched, pace),
        settings.task_concurrency,
    )
    agent(results, "settle_job", SettleJob(jobs, job_items), TABLE_EVENTS_AT_ONCE)
    agent(enriched, "remember_contact", RememberContact(contacts), TABLE_EVENTS_AT_ONCE)
    return app


def _engine(settings: Settings, store: str) -> faust.App:
    brokers = ";".join(f"kafka://{b}" for b in settings.kafka_bootstrap_servers.split(","))
    return faust.App(
        f"{settings.kafka_topic_prefix}{APP_ID}",
        broker=brokers,
        store=store,
        Table=DurableTable,
        datadir=str(Path(settings.data_dir).absolute()),
        processing_guarantee=ProcessingGuarantee.AT_LEAST_ONCE,
        # Topics are made from topics.yaml before the start, and only there.
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_commit_interval=settings.commit_interval_seconds,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 4,
        broker_rebalance_timeout=settings.item_deadline_seconds + settings.session_timeout_seconds,
        # Before partitions move on, what is in hand is finished and committed.
        stream_wait_empty=True,
        # Little is taken in advance, in small portions. Results are larger than the tasks they come
        # from: shared by bytes, tasks would run ahead of results for as long as there are any.
        stream_buffer_maxsize=64,
        broker_max_poll_records=200,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        # Large, for behind a full batch everything waits for the broker, whatever its partition.
        producer_max_batch_size=512 * 1024,
        web_enabled=False,
        autodiscover=False,
    )


def _topic(app: faust.App, topic: Topic) -> TopicT:
    # Bytes in, bytes out: each agent decodes for itself, so that what cannot be decoded reaches
    # the dead letters as it was.
    return app.topic(
        topic.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
        partitions=topic.partitions,
    )


def _table(app: faust.App, name: str, memory: RocksMemory | None) -> DurableTable:
    table = app.Table(name, memory=memory)
    if not isinstance(table, DurableTable):  # the engine wraps nothing that has no window
        raise TypeError(type(table))
    return table
