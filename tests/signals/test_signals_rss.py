"""RSS and Atom: what is in a feed, where it may be, and what it must not do."""

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from fake_platforms import FakeRss
from loopback import says, says_bytes, serving
from signal_samples import ANY, an_ask, days_ago, ids
from yarl import URL

from enrich_stream.errors import InputError
from enrich_stream.signals.public_hosts import NOT_PUBLIC, PublicHosts
from enrich_stream.signals.rss import (
    ACCEPT,
    BY_FEED,
    DIALECT,
    NO_FEED,
    REDIRECTED_AWAY,
    REDIRECTED_TOO_OFTEN,
    UNDATED,
    RssSource,
)
from enrich_stream.signals.shape import PlatformStatus

ATOM = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Mira</title><author><name>Mira O.</name></author>
<entry><id>tag:a</id><title type="html">A &amp;amp; B</title><updated>2026-11-19T12:00:00Z</updated>
<link href="https://mira.example/a"/>
<summary>short</summary><content type="html">&lt;p&gt;long&lt;/p&gt;</content></entry></feed>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY x SYSTEM "file:///etc/hostname">]>
<rss version="2.0"><channel><item><title>&d;&x;</title><guid>1</guid>
<pubDate>Thu, 19 Nov 2026 12:00:00 +0000</pubDate></item></channel></rss>"""


@pytest.fixture
def fake():
    return FakeRss()


@pytest.fixture
async def source(fake, serve, clock):
    return await serve(fake, clock)


@pytest.fixture
def read(fake, source, clock):
    async def read(body=None, **options):
        if body is not None:
            fake.fail_from(1, says_bytes(body.encode(), "application/xml"))
        return await source.read(an_ask(fake.handle, clock=clock, **options))

    return read


async def test_an_entry_is_its_title_and_its_text(read):
    """Without markup, with its own address, by the feed's author."""
    made = (await read()).seen[0].what

    assert (made.text, made.url) == ("Title 0\n\nBody 0", "https://mira.example/0")
    assert (made.id, made.author) == ("0", "Mira writes")


async def test_atom_is_read_as_well(read):
    """The whole content rather than the summary."""
    made = (await read(ATOM)).seen[0].what

    assert (made.text, made.author) == ("A & B\n\nlong", "Mira O.")
    assert (made.id, made.posted_at) == ("tag:a", "2026-11-19T12:00:00.000Z")


async def test_a_feed_does_not_say_what_was_before_it(fake, read):
    """From its oldest entry on nothing is missing; before that nobody knows."""
    fake.days = [1, 5]
    harvest = await read()
    assert (harvest.since, harvest.limited_by) == (days_ago(5), BY_FEED)
    fake.days = [1, 40]
    harvest = await read()
    assert (harvest.since, harvest.limited_by) == (days_ago(30), "")


async def test_entries_without_a_date_cannot_be_placed(fake, read):
    """They are left out, and it is said that they are."""
    fake.items = "<item><guid>u</guid><title>When?</title></item>"
    harvest = await read()

    assert (harvest.status, harvest.reason) == (PlatformStatus.PARTIAL, UNDATED)
    assert ids(harvest) == ["0", "1", "2"]


async def test_an_address_that_is_none_is_not_passed_on(fake, read):
    """What a page shows as a link must not run."""
    fake.days = []
    fake.items = (
        "<item><guid>1</guid><title>x</title><link>javascript:alert(1)</link>"
        "<pubDate>Thu, 19 Nov 2026 12:00:00 +0000</pubDate></item>"
    )
    assert (await read()).seen[0].what.url == fake.handle


async def test_what_is_as_before_comes_from_memory(fake, read):
    """Asked again with its ETag, the server need not send it."""
    first, again = await read(), await read()

    assert ids(again) == ids(first)
    assert fake.requests[1].headers["If-None-Match"]


@pytest.mark.parametrize("body", ["<html><body>Hello</body></html>", "", '{"a": 1}', "/etc/passwd"])
async def test_what_is_no_feed_says_so(read, body):
    """It is the caller's to mend; and a text is never taken for the name of a file."""
    harvest = await read(body)

    assert (harvest.status, harvest.reason) == (PlatformStatus.INVALID_HANDLE, NO_FEED)


async def test_a_feed_cannot_make_work_or_read_files(read):
    """Entities of its own stand for nothing."""
    made = (await read(BOMB)).seen

    assert all("aaaa" not in one.what.text for one in made)
    assert all(len(one.what.text) < 100 for one in made)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_feed_that_has_moved_is_followed(fake, source, clock, status):
    """Relative to where it was."""
    fake.trouble = lambda n: (
        says(status=status, headers={"Location": "feed.xml"}) if n == 1 else None
    )
    harvest = await source.read(an_ask(f"{fake.url}/old.xml", clock=clock))

    assert harvest.status is PlatformStatus.OK
    assert [request.path for request in fake.requests] == ["/old.xml", "/feed.xml"]


async def test_a_feed_that_moves_on_and_on_is_given_up(fake, read):
    """After a few steps."""
    fake.fail_from(1, says(status=302, headers={"Location": "/again.xml"}))
    harvest = await read()

    assert (harvest.status, harvest.reason) == (PlatformStatus.UNAVAILABLE, REDIRECTED_TOO_OFTEN)
    assert len(fake.requests) == 4


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[", "ftp://a.example/", ""])
async def test_a_redirect_to_nowhere_is_not_followed(fake, read, location):
    """Whatever stands there."""
    fake.trouble = lambda n: says(status=302, headers={"Location": location}) if n == 1 else None
    harvest = await read()

    assert harvest.status in (PlatformStatus.UNAVAILABLE, PlatformStatus.OK)
    assert (harvest.status is PlatformStatus.OK) == (location == "")


class ToLoopback(AbstractResolver):
    """As if every name were a public server."""

    async def resolve(self, host, port=0, family=0):  # noqa: ARG002 - as it is called
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": 2,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self):
        """Nothing is open."""


async def test_a_redirect_into_the_network_around_here_is_not_followed(clock):
    """A public server may not send us to a private one."""
    asked = []

    async def answer(request):
        asked.append(request.host)
        port = URL(f"http://{request.host}").port
        raise web.HTTPFound(f"http://127.0.0.1:{port}/secret")

    hosts = PublicHosts("rss", dialect=DIALECT, accept=ACCEPT, resolver=ToLoopback(), clock=clock)
    async with serving(answer) as url:
        public = f"http://feeds.example:{URL(url).port}/feed.xml"
        source = RssSource(hosts, ANY)
        harvest = await source.read(an_ask(source.handle(public), clock=clock))

    assert (harvest.status, harvest.reason) == (PlatformStatus.UNAVAILABLE, REDIRECTED_AWAY)
    assert asked == [f"feeds.example:{URL(url).port}"]


@pytest.mark.parametrize(
    "given",
    [
        "mira.example/feed",
        "file:///etc/passwd",
        "http://user:pass@a.example/",
        "http://",
        "http://[::1",
        "",
        "ftp://a.example/feed",
    ],
)
async def test_what_is_no_address_of_a_feed_is_refused(source, given):
    """And the caller is told what one looks like."""
    with pytest.raises(InputError, match="must be an address like https://"):
        source.handle(given)


async def test_a_private_address_is_refused():
    """Before anything is connected to."""
    source = RssSource(PublicHosts("rss", dialect=DIALECT), ANY)
    with pytest.raises(InputError, match=NOT_PUBLIC):
        source.handle("http://192.168.1.1/feed.xml")
