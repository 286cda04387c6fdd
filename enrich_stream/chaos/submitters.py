"""Those who use the service during a run, and keep what they were answered."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from enrich_stream.chaos.orders import Order
from enrich_stream.errors import EnrichStreamError
from enrich_stream.submit.client import Accepted, EnrichmentClient
from enrich_stream.submit.patience import Patience

_PATIENCE_SECONDS = 150.0
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """A last word about a job.

    Attributes:
        front_door: Who said it.
        body: The finished operation, or the 200 of a POST; None for "there is no such job".
    """

    front_door: str
    body: Mapping[str, Any] | None


@dataclass
class Submitters:
    """Submit orders at any front door and ask for them at any other.

    Attributes:
        accepted: By job id, what was accepted. Every POST has an idempotency key, and a repeat of
            it after a failure must be the same job.
        told: What was answered, by order.
        troubles: What went wrong in a way that a user would complain about.
    """

    urls: Mapping[str, str]
    orders: Sequence[Order]
    draw: random.Random
    in_flight: int
    accepted: dict[str, Order] = field(default_factory=dict)
    told: dict[int, list[Told]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    _clients: dict[str, EnrichmentClient] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _admitted: int = 0

    async def __aenter__(self) -> Self:
        for door, url in self.urls.items():
            client = EnrichmentClient(url, {}, Patience(_PATIENCE_SECONDS, lambda _: None))
            self._clients[door] = await self._stack.enter_async_context(client)
        self._http = await self._stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30, sock_connect=10))
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Submit all orders as they are admitted, and wait for each of them."""
        waiting = iter(self.orders)
        await asyncio.gather(*(self._work_off(waiting) for _ in range(self.in_flight)))

    async def admit(self, orders: int) -> None:
        """Let so many orders be submitted, in all."""
        async with self._changed:
            self._admitted = max(self._admitted, orders)
            self._changed.notify_all()

    async def until_ended(self, orders: int) -> None:
        """Return when so many orders have been answered."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.told) >= orders)

    async def ask_everywhere(self) -> None:
        """Ask every front door for every job once more."""
        await asyncio.gather(
            *(
                self._ask_patiently(job_id, order, door)
                for job_id, order in self.accepted.items()
                for door in self.urls
            )
        )

    async def _work_off(self, waiting: Any) -> None:
        for order in waiting:
            await self._until_admitted(order)
            try:
                await self._submit(order)
            except EnrichStreamError as error:
                self.troubles.append(f"order {order.number}: {error}")
            async with self._changed:
                self.told.setdefault(order.number, [])
                self._changed.notify_all()

    async def _until_admitted(self, order: Order) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: order.number < self._admitted)

    async def _submit(self, order: Order) -> None:
        door, other = (self.draw.choice(sorted(self.urls)) for _ in range(2))
        if order.is_single:
            job_id = await self._post_single(order, door)
        else:
            reply = await self._clients[door].submit(_json(order), _key(order))
            if not isinstance(reply, Accepted):
                self.troubles.append(f"order {order.number} was refused")
                return
            job_id = reply.job_id
        if job_id is not None:
            self.accepted[job_id] = order
            await self._ask(job_id, order, other)

    async def _post_single(self, order: Order, door: str) -> str | None:
        """The job to poll, or None when the POST itself was answered."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": _key(order)}
        url = f"{self.urls[door]}/api/enrichments"
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with self._http.post(url, data=_json(order), headers=headers) as answer:
                    body = await answer.json()
                    if answer.status == HTTPStatus.OK:
                        self.told.setdefault(order.number, []).append(Told(door, body))
                        return None
                    if answer.status == HTTPStatus.ACCEPTED:
                        return str(body["id"])
                    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                        self.troubles.append(f"order {order.number}: HTTP {answer.status}")
                        return None
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(_PAUSE_SECONDS)
        self.troubles.append(f"order {order.number}: {door} did not answer")
        return None

    async def _ask_patiently(self, job_id: str, order: Order, door: str) -> None:
        try:
            await self._ask(job_id, order, door)
        except EnrichStreamError as error:
            self.troubles.append(f"{job_id} at {door}: {error}")

    async def _ask(self, job_id: str, order: Order, door: str) -> None:
        highest = 0.0

        def watch(progress: float) -> None:
            nonlocal highest
            if progress < highest:
                self.troubles.append(f"{job_id} went back from {highest} to {progress} at {door}")
            highest = max(highest, progress)

        body = await self._clients[door].outcome(job_id, watch)
        self.told.setdefault(order.number, []).append(Told(door, body))


def _json(order: Order) -> bytes:
    return msgspec.json.encode(order.body)


def _key(order: Order) -> str:
    return f"chaos-order-{order.number}"
