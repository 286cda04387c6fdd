"""``enrich-stream dev``: everything at once on this machine, until Ctrl-C."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from enrich_stream.broker.choose import start_broker
from enrich_stream.cli.dev_key import Credentials, kept_key
from enrich_stream.cli.running import errors_as_one_line
from enrich_stream.errors import SetupError
from enrich_stream.settings import load_settings
from enrich_stream.stack import Stack, free_port, interruptible, wait_until_ready
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import topics_for

_LOOK_SECONDS = 0.5


def dev(
    *,
    port: Annotated[int, typer.Option(help="Where the front door listens.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many workers.")] = 1,
    data_dir: Annotated[
        Path | None, typer.Option(help="What is kept between runs. [ENRICH_DATA_DIR]")
    ] = None,
) -> None:
    """Run broker, topics, workers and front door together; data is kept between runs."""
    console = Console(stderr=True)
    with errors_as_one_line():
        settings = load_settings()
        home = (data_dir or settings.data_dir).absolute()
        chosen = free_port(port)
        if chosen != port:
            raise SetupError(f"port {port} is in use; choose another with --port")
        try:
            with (
                interruptible(),
                start_broker(data_dir=home / "kafka", keep_data=True, say=console.print) as broker,
            ):
                topics, file = topics_for(settings), home / "access-key"
                asyncio.run(apply_topics(broker.bootstrap_servers, topics))
                key = asyncio.run(kept_key(file, broker.bootstrap_servers, topics.access_keys))
                with Stack(home, broker.bootstrap_servers) as stack:
                    url = f"http://127.0.0.1:{port}"
                    front_door = stack.start_api(port=port)
                    for number in range(workers):
                        stack.start_worker(f"worker-{number + 1}")
                    wait_until_ready(front_door, url)
                    _say_hello(console, url, key, broker.bootstrap_servers, home)
                    _until_something_ends(stack)
        except KeyboardInterrupt:
            console.print("Stopped; the data is kept.")


def _say_hello(
    console: Console, url: str, key: Credentials, bootstrap_servers: str, home: Path
) -> None:
    headers = key.headers() | {"Content-Type": "application/json"}
    sent = " ".join(f"-H '{name}: {value}'" for name, value in headers.items())
    example = (
        f"curl {url}/api/enrichments {sent} -d "
        """'{"identifier": {"linkedin_url": "https://www.linkedin.com/in/mira-okafor"}, """
        """"fields": ["contact.email", "contact.phone"]}'"""
    )
    records = os.environ.get("ENRICH_DIRECTORY_FILE", "none; set ENRICH_DIRECTORY_FILE to a file")
    console.print(f"Front door  {url}, documented at {url}/docs", highlight=False)
    console.print(f"Key         in {home / 'access-key'}", highlight=False)
    console.print(f"Kafka       {bootstrap_servers}", highlight=False)
    console.print(f"Records     {records}", highlight=False)
    console.print(f"Logs        {home / 'logs'}", highlight=False)
    console.print(f"Try         {example}", highlight=False, soft_wrap=True)
    console.print("Ctrl-C stops everything.")


def _until_something_ends(stack: Stack) -> None:
    while True:
        for process in stack.processes:
            if not process.is_running:
                raise SetupError(f"{process.name} has ended:\n{process.last_lines()}")
        time.sleep(_LOOK_SECONDS)
