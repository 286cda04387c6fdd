"""The front door as an ASGI application, and the services it stands on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from api.auth import Authentication
from api.body_limits import BodyLimits
from api.cors import cors
from api.events import OpenStreams
from api.job_store import JobStore
from api.problems import Problem, on_http_exception, on_problem, on_storage_error
from api.publisher import Publisher, request_producer
from api.rate_limit import RateLimit
from api.rate_limiter import RateLimiter
from api.request_context import RequestContext
from api.request_metrics import RequestMetrics
from api.routes import ROUTES
from api.security_headers import SecurityHeaders
from api.services import Services
from api.standby import Standby, standby_consumer
from api.standby_retention import StandbyRetention
from enrich_stream.errors import StorageError
from enrich_stream.key_ring import KeyRing, key_consumer
from enrich_stream.providers.registry import make_providers
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.topics import Topics


def standby_path(settings: Settings) -> Path:
    """Where the standby keeps its copy."""
    return settings.data_dir / "standby"


@contextlib.asynccontextmanager
async def open_services(settings: Settings, topics: Topics) -> AsyncIterator[Services]:
    """Connect to Kafka, whose topics are there; ``StorageError`` when the data is in use."""
    servers, seconds = settings.kafka_bootstrap_servers, settings.publish_timeout_seconds
    store = JobStore(
        standby_path(settings),
        RocksMemory(settings).options(),
        timedelta(days=settings.retention_days),
    )
    standby = Standby(standby_consumer(servers), topics, store)
    publisher = Publisher(request_producer(servers, seconds), topics, seconds)
    keys = KeyRing(key_consumer(servers), topics.access_keys)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(keys)
        rate_limiter = _rate_limiter(settings)
        stack.push_async_callback(rate_limiter.close)
        stack.push_async_callback(standby.stop)
        await standby.start()
        stack.push_async_callback(publisher.stop)
        await publisher.start()
        sweeping = asyncio.create_task(StandbyRetention(store, settings).sweep_for_ever())
        stack.callback(sweeping.cancel)
        yield {
            "settings": settings,
            "keys": keys,
            "rate_limiter": rate_limiter,
            "publisher": publisher,
            "standby": standby,
            "providers": make_providers(settings),
            "open_streams": OpenStreams(),
        }


def create_api(services: Services) -> ASGIApp:
    """The application; handlers find the services in ``request.state``."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Services]:
        yield services

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        middleware=_middleware(services),
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_http_exception,
            StorageError: on_storage_error,
            Exception: on_problem,
        },
    )
    # A client that sends keys follows no redirect; to it, a slash too many is a wrong path.
    app.router.redirect_slashes = False
    return RequestMetrics(RequestContext(SecurityHeaders(app)))


def _middleware(services: Services) -> list[Middleware]:
    """What a request passes on its way to its route, outermost first."""
    settings = services["settings"]
    return [
        *cors(settings),
        Middleware(Authentication, keys=services["keys"], settings=settings),
        Middleware(RateLimit, limiter=services["rate_limiter"], settings=settings),
        Middleware(BodyLimits, settings=settings),
    ]


def _rate_limiter(settings: Settings) -> RateLimiter:
    url = settings.redis_url
    return RateLimiter(url.get_secret_value() if url else None)
