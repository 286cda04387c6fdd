"""The Faust application of a worker: which agent reads which topic and writes which table."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from faust.types import StreamT, TopicT
from faust.types.enums import ProcessingGuarantee

from enrich_stream import metrics
from enrich_stream.agents.cancel_job import CancelJob
from enrich_stream.agents.dead_letters import DeadLetters
from enrich_stream.agents.enrich_identifier import EnrichIdentifier
from enrich_stream.agents.pace import Pace
from enrich_stream.agents.recollection import Recollection
from enrich_stream.agents.settle_job import SettleJob
from enrich_stream.agents.split_request import SplitRequest
from enrich_stream.agents.stage import Handler, Stage
from enrich_stream.assignor import WholeAssignor
from enrich_stream.cancellations import Cancellations
from enrich_stream.engine import Engine
from enrich_stream.enrichment import Enrichment
from enrich_stream.fair_share import FairShare
from enrich_stream.lease import Lease
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.tables import DurableTable, table_of
from enrich_stream.topics import MAX_DEAD_LETTER_BYTES, Topic, Topics
from enrich_stream.waiting_room import WaitingRoom

METADATA_MAX_AGE_MS = 5_000
TABLE_EVENTS_AT_ONCE = 200
"""How many events of a table-writing agent may wait for their deliveries."""


def create_app(
    settings: Settings, topics: Topics, enrichment: Enrichment, *, store: str = "rocksdb://"
) -> Engine:
    """A worker's application, declared but not started; ``cancellations`` are to be fed to it.

    Args:
        settings: See ``settings``.
        topics: The declared topics; they must exist before the application starts.
        enrichment: Looks people up.
        store: ``rocksdb://``, or ``memory://`` in tests.
    """
    app = _engine(settings, store)
    memory = RocksMemory(settings) if store.startswith("rocksdb") else None
    jobs = _table(app, "jobs", memory)
    job_items = _table(app, "job_items", memory)
    contacts = _table(app, "contacts", memory)
    retention = timedelta(days=settings.retention_days)
    dead_letters = DeadLetters(topics.dead_letters, app.outbox)
    waiting_room, recollection = WaitingRoom(), Recollection(contacts)
    share = FairShare(settings.organisation_items_under_way)
    metrics.BATCHES_WAITING.set_function(lambda: share.jobs_waiting)
    metrics.BATCH_ITEMS_UNDER_WAY.set_function(lambda: share.total_under_way)
    app.on_hand_back += [share.forget, waiting_room.forget]

    def agent(topic: Topic, name: str, handle: Handler, at_once: int) -> None:
        stage = Stage(app, name, dead_letters, at_once)
        app.stages.append(stage)

        async def run(stream: StreamT[bytes]) -> None:
            await stage.run(stream, handle)

        app.agent(_topic(app, topic), name=name)(run)

    def split(requests: Topic, name: str, tasks: Topic, at_once: int, **options: Any) -> None:
        handle = SplitRequest(jobs, app.outbox, tasks, retention=retention, **options)
        agent(requests, name, handle, at_once)

    def enrich(tasks: Topic, name: str, pace: Pace) -> None:
        handle = EnrichIdentifier(
            enrichment,
            outbox=app.outbox,
            topics=topics,
            recollection=recollection,
            cancellations=app.cancellations,
            waiting_room=waiting_room,
            pace=pace,
        )
        agent(tasks, name, handle, pace.task_concurrency)

    at_once = settings.waiting_jobs
    split(topics.requests, "split_request", topics.tasks, at_once, share=share)
    enrich(topics.tasks, "enrich_identifier", Pace.of_batches(settings))
    enrich(topics.retries, "retry_identifier", Pace.of_retries(settings))
    # The lane of those who wait: the same agents, on topics of their own.
    at_once = settings.sync_concurrency
    split(topics.sync_requests, "split_sync_request", topics.sync_tasks, at_once, share=None)
    enrich(topics.sync_tasks, "enrich_sync_identifier", Pace.of_sync(settings))
    cancel = CancelJob(jobs, job_items, share, retention=retention)
    agent(topics.cancellations, "cancel_job", cancel, TABLE_EVENTS_AT_ONCE)
    agent(topics.results, "settle_job", SettleJob(jobs, job_items, share), TABLE_EVENTS_AT_ONCE)
    return app


def _engine(settings: Settings, store: str) -> Engine:
    return Engine(
        settings.consumer_group,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        lease=Lease(settings.session_timeout_seconds),
        cancellations=Cancellations(timedelta(days=settings.retention_days)),
        grace_seconds=settings.shutdown_grace_seconds,
        store=store,
        Table=DurableTable,
        PartitionAssignor=WholeAssignor,
        datadir=str(Path(settings.data_dir).absolute()),
        processing_guarantee=ProcessingGuarantee.AT_LEAST_ONCE,
        # Topics are made from topics.yaml before the start, and only there.
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=settings.standby_replicas,
        broker_commit_interval=settings.commit_interval_seconds,
        # By time only. By number, reading would stand still for as long as a commit takes.
        broker_commit_every=sys.maxsize,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 4,
        broker_rebalance_timeout=settings.shutdown_grace_seconds + settings.session_timeout_seconds,
        # The engine would wait without a limit; see its subclass.
        stream_wait_empty=False,
        # Little is taken in advance, in small portions. Results are larger than the tasks they come
        # from: shared by bytes, tasks would run ahead of results for as long as there are any.
        stream_buffer_maxsize=64,
        broker_max_poll_records=200,
        consumer_auto_offset_reset="earliest",
        # What is missing after a broker's restart must not be missing for minutes.
        consumer_metadata_max_age_ms=METADATA_MAX_AGE_MS,
        producer_acks=-1,
        producer_compression_type=settings.compression,
        producer_max_request_size=MAX_DEAD_LETTER_BYTES,
        # Of a partition one batch is under way at a time; see outbox.
        producer_max_batch_size=512 * 1024,
        web_enabled=False,
        autodiscover=False,
    )


def _topic(app: Engine, topic: Topic) -> TopicT:
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


def _table(app: Engine, name: str, memory: RocksMemory | None) -> DurableTable:
    app.Table(name, outbox=app.outbox, lease=app.lease, memory=memory)
    return table_of(app, name)
