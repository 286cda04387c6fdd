"""The outside world of a run: an endpoint that knows everybody and counts every call."""

import asyncio
import random
from collections import Counter
from types import TracebackType
from typing import Self

from aiohttp import web

from enrich_stream.chaos.people import Person, Truth, person_named
from enrich_stream.person import Identifier, IdentifierKind

_PATH = "/people"
_ANSWERS = {"contact.email": "email", "contact.phone": "phone"}


class CountingProvider:
    """A server on the loopback that speaks the protocol of ``providers.endpoint``.

    Args:
        slowest_seconds: Answers take up to so long, each its own time.
        draw: Decides how long each takes.

    Attributes:
        calls: How often each person was asked for, by canonical identifier.
        is_stuck: While set, questions are counted and not answered.
    """

    def __init__(self, slowest_seconds: float, draw: random.Random) -> None:
        self.calls: Counter[str] = Counter()
        self.is_stuck = False
        self._slowest_seconds = slowest_seconds
        self._draw = draw
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(_PATH, self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """For ``ENRICH_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self._port}{_PATH}"

    async def _answer(self, request: web.Request) -> web.Response:
        question = await request.json()
        named = question["identifier"]
        identifier = str(Identifier(IdentifierKind(named["kind"]), named["value"]))
        self.calls[identifier] += 1
        await asyncio.sleep(self._draw.uniform(0.0, self._slowest_seconds))
        while self.is_stuck:  # noqa: ASYNC110 - a provider that hangs, for as long as it is told to
            await asyncio.sleep(0.1)
        try:
            person = person_named(identifier)
        except ValueError:
            return web.Response(status=404)
        return _reply(person, question["fields"])


def _reply(person: Person, fields: list[str]) -> web.Response:
    if person.truth is Truth.NOBODY:
        return web.Response(status=404)
    if person.truth is Truth.FAILS:
        return web.Response(status=500)
    answers = {name: _finding(person.contact[_ANSWERS[name]]) for name in fields}
    return web.json_response({"person_known": True, "cost": 1.0, "fields": answers})


def _finding(values: list[str]) -> dict[str, object]:
    if not values:
        return {"outcome": "absent", "reason": "nothing on record"}
    return {"outcome": "found", "values": [{"value": v, "verified": True} for v in values]}
