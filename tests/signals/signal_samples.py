"""Things that several tests of signals start from."""

import asyncio
from datetime import UTC, datetime, timedelta

from enrich_stream.providers.client import CallOutcome, HttpClient, MemoryLimits, Reply, endpoint
from enrich_stream.signals.shape import Event, Post
from enrich_stream.signals.source import Ask, Seen

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECONDS = 20
"""How long anything may take that should happen."""
ANY = endpoint("any", "")


def days_ago(days):
    return NOW - timedelta(days=days)


def iso(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def post(days, **members):
    at = days_ago(days)
    content = {"platform": "x", "id": f"p{days}", "url": "u", "text": "t", "author": "mira"}
    return Seen(at, Post(**content | {"posted_at": iso(at)} | members))


def event(days, **members):
    at = days_ago(days)
    content = {"type": "starred", "platform": "github", "id": f"e{days}", "occurred_at": iso(at)}
    return Seen(at, Event(**content | members))


def an_ask(handle="mira", *, days=30, most=50, seconds=SECONDS, clock=None):
    """What is wanted of Mira; needs a running event loop."""
    now = clock.now() if clock else asyncio.get_running_loop().time()
    return Ask(handle=handle, since=days_ago(days), most=most, deadline=now + seconds)


def found(body):
    return Reply(outcome=CallOutcome.FOUND, body=body)


def a_client(url, clock, **options):
    return HttpClient("fake", url, limits=MemoryLimits(clock), clock=clock, **options)


def ids(harvest):
    return [one.what.id for one in harvest.seen]
