"""The front door as an ASGI application, and the services it stands on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from api.job_store import JobStore
from api.problems import Problem, on_http_exception, on_problem
from api.publisher import Publisher, request_producer
from api.request_context import RequestContext
from api.request_metrics import RequestMetrics
from api.routes import ROUTES
from api.services import Services
from api.standby import Standby, standby_consumer
from api.standby_retention import StandbyRetention
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.topic_admin import check_topics
from enrich_stream.topics import Topics


def standby_path(settings: Settings) -> Path:
    """Where the standby keeps its copy."""
    return settings.data_dir / "standby"


@contextlib.asynccontextmanager
async def open_services(settings: Settings, topics: Topics) -> AsyncIterator[Services]:
    """Connect to Kafka; ``SetupError`` when the topics do not match or the data is in use."""
    await check_topics(settings.kafka_bootstrap_servers, topics)
    servers, seconds = settings.kafka_bootstrap_servers, settings.publish_timeout_seconds
    store = JobStore(
        standby_path(settings),
        RocksMemory(settings).options(),
        timedelta(days=settings.retention_days),
    )
    standby = Standby(standby_consumer(servers), topics, store)
    publisher = Publisher(request_producer(servers, seconds), topics, seconds)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(standby.stop)
        await standby.start()
        stack.push_async_callback(publisher.stop)
        await publisher.start()
        sweeping = asyncio.create_task(StandbyRetention(store, settings).sweep_for_ever())
        stack.callback(sweeping.cancel)
        yield {"settings": settings, "publisher": publisher, "standby": standby}


def create_api(services: Services) -> ASGIApp:
    """The application; handlers find the services in ``request.state``."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Services]:
        yield services

    application = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_http_exception,
            Exception: on_problem,
        },
    )
    return RequestMetrics(RequestContext(application))
