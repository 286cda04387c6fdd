"""The one HTTP client of all connectors: keeps to limits and deadlines, repeats what may pass."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Generic

import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from enrich_stream.providers.client.breaker import Breaker, BreakerOpenError
from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.dialect import Dialect
from enrich_stream.providers.client.gate import LEAST_SECONDS, LEFT_ALONE, Condition, Gate
from enrich_stream.providers.client.limits import Limits
from enrich_stream.providers.client.rates import Endpoint
from enrich_stream.providers.client.reading import read
from enrich_stream.providers.client.reply import CallOutcome, Reply, T
from enrich_stream.providers.client.transport import Request, Transport, TransportError

TIMED_OUT = "timed out"

ATTEMPTS = 3
"""How often a call is sent that fails or is refused for its rate. Pending ones have no such end."""
FIRST_PAUSE_SECONDS = 0.25
"""The longest pause before the first repeat of what failed; doubles with each."""
RETRY_LATER_SECONDS = 30.0
"""When a caller may come again with what failed to the end."""

_FAILING = {CallOutcome.UPSTREAM_ERROR, CallOutcome.RATE_LIMITED}


class HttpClient:
    """Calls to one provider. Nothing that the outside world does is raised; it is a ``Reply``."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        limits: Limits,
        headers: Mapping[str, str] | None = None,
        dialect: Dialect | None = None,
        timeout_seconds: float = 10.0,
        concurrency: int = 20,
        parked_seconds: float = 3600.0,
        resolver: AbstractResolver | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Sets up; nothing is connected before the first call.

        Args:
            name: The provider's, as it stands in log lines.
            base_url: What every path is put behind.
            limits: Where it is kept how often each endpoint was called.
            headers: Of every request.
            dialect: How the provider says what it has to say.
            timeout_seconds: How long one request may take.
            concurrency: How many may be under way at once, to each endpoint.
            parked_seconds: How long it is not asked for want of credits or a valid key.
            resolver: Finds the addresses of hosts; None asks the system.
            clock: Another clock, in tests.
        """
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._dialect = dialect or Dialect()
        self._timeout_seconds = timeout_seconds
        self._clock = clock or Clock()
        self._headers = headers or {}
        self._transport = Transport(resolver=resolver)
        self._breaker = Breaker(name, self._clock)
        self._gate = Gate(
            name,
            limits=limits,
            breaker=self._breaker,
            dialect=self._dialect,
            concurrency=concurrency,
            parked_seconds=parked_seconds,
            clock=self._clock,
        )

    async def start(self) -> None:
        """Opens the session."""
        await self._transport.start(self._headers)

    async def stop(self) -> None:
        """Closes all connections; calls under way end as upstream errors."""
        await self._transport.stop()

    @property
    def condition(self) -> Condition:
        """Whether the provider can be asked now."""
        return self._gate.condition

    async def get(
        self,
        endpoint: Endpoint,
        path: str,
        shape: type[T],
        *,
        deadline: float,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply[T]:
        """Ask by ``GET``.

        Args:
            endpoint: Whose limits count.
            path: Behind the base URL, in its encoded form; a whole URL stands for itself.
            shape: What the JSON must be; ``bytes`` for a body of any type as it is.
            deadline: On the event loop's clock; no answer is of use after it.
            params: The query, not encoded.
            headers: Those of this request alone.
        """
        url = self._url(path)
        request = Request(url=url.with_query(params) if params else url, headers=headers)
        return await self._settle(_Call(endpoint, request, shape, deadline))

    async def post(
        self, endpoint: Endpoint, path: str, shape: type[T], *, deadline: float, content: Any
    ) -> Reply[T]:
        """Ask by ``POST`` of JSON; see ``get``."""
        request = Request(
            method="POST",
            url=self._url(path),
            headers={"Content-Type": "application/json"},
            content=msgspec.json.encode(content),
        )
        return await self._settle(_Call(endpoint, request, shape, deadline))

    def _url(self, path: str) -> URL:
        return URL(path if "://" in path else self._base_url + path, encoded=True)

    async def _settle(self, call: "_Call[T]") -> Reply[T]:
        reply: Reply[T] = _failed(TIMED_OUT)
        # What nobody waits for costs credits all the same.
        if call.deadline > self._clock.now():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(call.deadline):
                    reply = await self._until_settled(call)
        if reply.outcome is CallOutcome.UPSTREAM_ERROR and reply.retry_at is None:
            # It said nothing of another time, and may pass all the same.
            reply = replace(reply, retry_at=self._clock.wall() + RETRY_LATER_SECONDS)
        return replace(reply, calls=call.sent)

    async def _until_settled(self, call: "_Call[T]") -> Reply[T]:
        failures = 0
        while True:
            sent = call.sent
            reply = await self._attempt(call)
            failures += reply.outcome in _FAILING
            # Without a request there was a reason to send none, which says itself when it ends.
            pause = self._pause(reply, failures) if call.sent > sent else None
            if pause is None or self._clock.now() + pause >= call.deadline - LEAST_SECONDS:
                return reply
            await self._clock.sleep(pause)

    def _pause(self, reply: Reply[T], failures: int) -> float | None:
        """Seconds until the call is worth repeating; None when it is not."""
        if failures >= ATTEMPTS or not _may_pass(reply):
            return None
        if reply.retry_at is not None:
            return max(0.0, reply.retry_at - self._clock.wall())
        return random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))  # noqa: S311 - jitter

    async def _attempt(self, call: "_Call[T]") -> Reply[T]:
        """The reply to one request, or why none was sent."""
        async with self._gate.turn(call.endpoint, call.deadline) as refused:
            if refused:
                return refused
            try:
                reply = await self._breaker.call(partial(self._exchange, call))
            except BreakerOpenError as error:
                return replace(_failed(LEFT_ALONE), retry_at=self._clock.wall() + error.seconds)
        return await self._gate.learn(call.endpoint, reply)

    async def _exchange(self, call: "_Call[T]") -> Reply[T]:
        call.sent += 1
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._transport.send(call.request)
        except TimeoutError:
            return _failed(TIMED_OUT)
        except TransportError as error:
            return _failed(str(error))
        return read(response, call.shape, self._dialect, self._clock.wall())


@dataclass(slots=True)
class _Call(Generic[T]):
    """One call while it is being settled, however many requests that takes."""

    endpoint: Endpoint
    request: Request
    shape: type[T]
    deadline: float
    sent: int = 0


def _may_pass(reply: Reply[Any]) -> bool:
    """Whether the same request may come to something else; a strange answer comes again."""
    if reply.outcome is CallOutcome.UPSTREAM_ERROR:
        return reply.status is None or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return reply.outcome in {CallOutcome.RATE_LIMITED, CallOutcome.PENDING}


def _failed(why: str) -> Reply[Any]:
    return Reply(outcome=CallOutcome.UPSTREAM_ERROR, reason=why)
