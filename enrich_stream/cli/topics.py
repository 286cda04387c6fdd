"""``enrich-stream topics``: shows how the cluster differs from ``topics.yaml``, and mends it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from enrich_stream.cli.running import ask_kafka
from enrich_stream.settings import Settings
from enrich_stream.topic_admin import apply_topics, plan_topics
from enrich_stream.topic_plan import Mark, Plan
from enrich_stream.topics import DEFAULT_RETENTION_DAYS, Topics, load_topics

FAILED = 1
DIFFERENT = 2

_COLOURS = {Mark.ADD: "green", Mark.REMOVE: "red", Mark.CHANGE: "yellow", Mark.REFUSE: "bold red"}
# As for all other commands.
_DEFAULT_SERVERS: str = Settings.model_fields["kafka_bootstrap_servers"].default

topics_app = typer.Typer(
    name="topics",
    help="Show how the topics of a cluster differ from topics.yaml, and make them follow.",
    no_args_is_help=True,
)

BootstrapServers = Annotated[
    str,
    typer.Option(
        envvar="KAFKA_BOOTSTRAP_SERVERS",
        help="Where Kafka answers, for example 127.0.0.1:9092.",
    ),
]
ReplicationFactor = Annotated[
    int | None,
    typer.Option(
        envvar="KAFKA_REPLICATION_FACTOR",
        min=1,
        help="Copies of each partition, instead of the default in topics.yaml.",
    ),
]
TopicPrefix = Annotated[
    str, typer.Option(envvar="KAFKA_TOPIC_PREFIX", help="Begins the name of every topic.")
]
RetentionDays = Annotated[
    float,
    typer.Option(envvar="ENRICH_RETENTION_DAYS", min=0, help="How long jobs are kept."),
]
TopicsFile = Annotated[
    Path | None,
    typer.Option(
        "--file", envvar="ENRICH_TOPICS_FILE", help="Another topics.yaml than the one shipped."
    ),
]


@topics_app.command("plan")
def show_plan(
    bootstrap_servers: BootstrapServers = _DEFAULT_SERVERS,
    prefix: TopicPrefix = "",
    replication_factor: ReplicationFactor = None,
    retention_days: RetentionDays = DEFAULT_RETENTION_DAYS,
    file: TopicsFile = None,
) -> None:
    """Show what apply would do. Exit code 0: nothing, 2: something, 1: error or refused."""
    declared = partial(
        load_topics,
        file,
        prefix=prefix,
        replication_factor=replication_factor,
        retention_days=retention_days,
    )
    found = ask_kafka(_plan(bootstrap_servers, declared))
    _print(found)
    if found.refusals:
        raise typer.Exit(FAILED)
    if found.is_empty:
        Console().print("The topics are as declared.")
        return
    raise typer.Exit(DIFFERENT)


@topics_app.command("apply")
def apply_plan(
    bootstrap_servers: BootstrapServers = _DEFAULT_SERVERS,
    prefix: TopicPrefix = "",
    replication_factor: ReplicationFactor = None,
    retention_days: RetentionDays = DEFAULT_RETENTION_DAYS,
    file: TopicsFile = None,
) -> None:
    """Make the cluster follow. Exit code 0: done, 1: refused or failed, and then says why."""
    declared = partial(
        load_topics,
        file,
        prefix=prefix,
        replication_factor=replication_factor,
        retention_days=retention_days,
    )
    done = ask_kafka(_apply(bootstrap_servers, declared))
    _print(done)
    Console().print("The topics are as declared.")


async def _plan(servers: str, declared: Callable[[], Topics]) -> Plan:
    return await plan_topics(servers, declared())


async def _apply(servers: str, declared: Callable[[], Topics]) -> Plan:
    return await apply_topics(servers, declared())


def _print(found: Plan) -> None:
    console = Console(highlight=False)
    for line in found.lines():
        console.print(Text(str(line), style=_COLOURS[line.mark]), soft_wrap=True)
