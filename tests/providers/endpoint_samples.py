"""An endpoint on the loopback that counts and does as a test says, and questions for it."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Question

MIRA = Identifier(IdentifierKind.LINKEDIN, "mira-okafor")
BOTH = frozenset({Field.EMAIL, Field.PHONE})
SECONDS = 20
"""How long anything may take that should happen."""


def email(value="a@b.example", **evidence):
    """The field ``contact.email`` of an answer, found."""
    return {"outcome": "found", "values": [{"value": value, "verified": True, **evidence}]}


def a_question(fields=BOTH, *, seconds=SECONDS, **question):
    """A question about Mira with that long to live; needs a running event loop."""
    deadline = asyncio.get_running_loop().time() + seconds
    return Question(identifier=MIRA, fields=fields, deadline=deadline, **question)


async def found_one(_request):
    return web.json_response({"fields": {"contact.email": email()}})


@dataclass
class Endpoint:
    """What it was asked, over which connections, and how it answers."""

    url: str = ""
    respond: object = found_one
    requests: list = field(default_factory=list)
    bodies: list = field(default_factory=list)
    peers: set = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request):
        body = await request.json()
        async with self.changed:
            self.requests.append(request)
            self.bodies.append(body)
            self.peers.add(request.transport.get_extra_info("peername"))
            self.changed.notify_all()
        return await self.respond(request)

    def answer(self, *args, **kwargs):
        """Answer everything with that response from now on."""

        async def respond(_request):
            return web.Response(*args, **kwargs)

        self.respond = respond

    def answer_json(self, content):
        async def respond(_request):
            return web.json_response(content)

        self.respond = respond

    async def hold(self, request):
        """Answers nothing until released."""
        await self.released.wait()
        return await found_one(request)

    async def asked(self, times):
        """Waits until it was asked that often."""
        async with self.changed, asyncio.timeout(SECONDS):
            await self.changed.wait_for(lambda: len(self.requests) >= times)
