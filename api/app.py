"""The front door as an ASGI application: what a request passes on its way, and its errors."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from api.auth import Authentication
from api.body_limits import BodyLimits
from api.cors import cors
from api.problems import Problems
from api.rate_limit import RateLimit
from api.request_context import RequestContext
from api.routes import ROUTES
from api.services import Services


def create_api(services: Services) -> ASGIApp:
    """The application; handlers find the services in ``request.state``."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Services]:
        yield services

    app = _Application(
        routes=ROUTES,
        lifespan=lifespan,
        middleware=_middleware(services),
    )
    # A client that sends keys follows no redirect; to it, a slash too many is a wrong path.
    app.router.redirect_slashes = False
    return RequestContext(app)


class _Application(Starlette):
    """Starlette without its own ways to end errors: see ``RequestContext`` and ``Problems``."""

    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = self.router
        for middleware, args, options in reversed(self.user_middleware):
            app = middleware(app, *args, **options)
        return app


def _middleware(services: Services) -> list[Middleware]:
    """What a request passes on its way to its route, outermost first."""
    settings = services["settings"]
    return [
        *cors(settings),
        Middleware(Authentication, keys=services["keys"], settings=settings),
        Middleware(RateLimit, limiter=services["rate_limiter"], settings=settings),
        Middleware(BodyLimits, settings=settings),
        Middleware(Problems),
    ]
