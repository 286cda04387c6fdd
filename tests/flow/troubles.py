"""Everything that providers document to go wrong, drawn at random but the same for every run."""

import asyncio
import email.utils
import json
import random

from aiohttp import web
from contract import leaves
from fake_provider import with_headers
from loopback import breaks_off, hangs, hangs_up, says, says_bytes, stalls

WRONG = (7, {"x": 1})
"""No value of any member that is read as a text."""


def at_random(seed, share):
    """Troubles for so large a share of the requests; none of them for ever."""

    def trouble(fake, endpoint, person, times):
        draw = random.Random(f"{seed} {fake.name} {endpoint} {person.number} {times}")
        return draw.choice(TROUBLES)(fake, draw) if draw.random() < share else None

    return trouble


def takes(seconds):
    """No trouble but that every answer takes so long."""

    def trouble(fake, *_):
        async def respond(request):
            await asyncio.sleep(seconds)
            return fake.as_it_should(request, await request.read())

        return respond

    return trouble


def _after_seconds(fake, draw):
    return _made(with_headers(fake.rate_limited, {"Retry-After": str(draw.randint(1, 4))}))


def _after_a_date(fake, draw):
    at = email.utils.formatdate(fake.now() + draw.randint(1, 4), usegmt=True)
    return _made(with_headers(fake.rate_limited, {"Retry-After": at}))


def _after_a_reset(fake, draw):
    seconds = draw.randint(1, 4)
    if fake.name == "hunter":  # which does not say when
        return _made(fake.rate_limited)
    return _made(lambda: fake.rate_limited(reset=seconds))


def _out_of_credits(fake, _draw):
    has_credits = hasattr(fake, "no_credits")
    return _made(fake.no_credits) if has_credits else says(status=500)


def _slow(fake, draw):
    seconds = draw.uniform(1, 8)

    async def respond(request):
        await asyncio.sleep(seconds)
        return fake.as_it_should(request, await request.read())

    return respond


def _spoilt(fake, draw):
    """One place of the right answer holds what it never should."""

    async def respond(request):
        right = fake.as_it_should(request, await request.read())
        body = json.loads(right.body)
        places = list(leaves(body))
        if not places:
            return web.Response(status=500)
        holder, name = draw.choice(places)
        holder[name] = draw.choice(WRONG)
        return web.json_response(body, status=right.status)

    return respond


def _cut(fake, _draw):
    async def respond(request):
        right = fake.as_it_should(request, await request.read())
        return web.Response(body=right.body[:-1], content_type="application/json")

    return respond


def _made(response):
    async def respond(_request):
        return response()

    return respond


def _always(respond):
    return lambda _fake, _draw: respond


_OFTEN = (
    _after_seconds,
    _after_a_date,
    _slow,
    _spoilt,
    _cut,
    *map(
        _always,
        (
            says(status=202),
            says(status=500),
            says(status=502),
            says_bytes(b"<html>busy", "text/html", status=503, headers={"Retry-After": "2"}),
            says_bytes(b"<html>", "text/html"),
            says(status=302, headers={"Location": "/elsewhere"}),
            breaks_off,
            hangs_up,
            hangs,
            stalls,
        ),
    ),
)
TROUBLES = (*_OFTEN * 4, _after_a_reset, _out_of_credits)
"""The last two hold everybody up, and are rare."""
