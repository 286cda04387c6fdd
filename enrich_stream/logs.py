"""How everything is logged: structured events to stderr, JSON unless a person is watching.

Events are static names with data as fields. No field ever holds personal data or a secret;
what libraries log about Kafka (topics, offsets, hosts) goes the same way at warning and above.
"""

import logging
import sys
from typing import Any

import structlog

from enrich_stream.records import Job
from enrich_stream.settings import Settings

_REPEAT_SECONDS = 5.0
_REMEMBERED_LINES = 1_000


def bind_job(job: Job) -> None:
    """Name the job, and the request it came with, in all that this task logs from here on."""
    structlog.contextvars.bind_contextvars(job_id=job.id, request_id=job.request_id)


def set_up_logging(settings: Settings) -> None:
    """Send our own events and the libraries' through one renderer."""
    level = settings.log_level.upper()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings),
            ],
        )
    )
    handler.addFilter(SeldomRepeated())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("enrich_stream", "api"):
        logging.getLogger(ours).setLevel(level)
    # At warning it repeats what the engine's own start and stop already say.
    logging.getLogger("faust").setLevel(logging.ERROR)


class SeldomRepeated(logging.Filter):
    """Lets the Kafka client say the same thing every few seconds only.

    While Kafka is away it says so a hundred times a second, and hides everything else.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if not record.name.startswith("aiokafka"):
            return True
        before = self._said.get(record.msg)
        if before is not None and record.created - before < _REPEAT_SECONDS:
            return False
        if len(self._said) > _REMEMBERED_LINES:
            self._said.clear()
        self._said[record.msg] = record.created
        return True


def _renderers(settings: Settings) -> list[Any]:
    wants_text = settings.log_format == "text"
    if wants_text or (settings.log_format == "auto" and sys.stderr.isatty()):
        return [structlog.dev.ConsoleRenderer()]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
