"""The HTTP client of all connectors: what it repeats, what it waits for, what it leaves alone."""

import asyncio
import contextlib

import msgspec
import pytest
from loopback import (
    SECONDS,
    FastClock,
    Loopback,
    breaks_off,
    hangs,
    hangs_up,
    says,
    says_bytes,
    serving,
    stalls,
)

from enrich_stream.providers.client import (
    CallOutcome,
    Dialect,
    HttpClient,
    MemoryLimits,
    endpoint,
)
from enrich_stream.providers.client.client import ATTEMPTS
from enrich_stream.stack import free_port

PEOPLE = endpoint("people", "")
MIB = 1024 * 1024


class Person(msgspec.Struct):
    name: str


FOUND = says({"name": "Mira"})
FAILS = says(status=500)


@pytest.fixture
async def server():
    """A provider that finds Mira, until told otherwise."""
    fake = Loopback(responses=[FOUND])
    async with serving(fake.handle) as url:
        fake.url = url
        yield fake


@pytest.fixture
def clock():
    return FastClock()


@pytest.fixture
async def client(server, clock):
    """Makes a started client of the server, and stops it at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(url=None, **options):
            options.setdefault("limits", MemoryLimits(clock))
            made = HttpClient("fake", url or server.url, clock=clock, **options)
            await made.start()
            stack.push_async_callback(made.stop)
            return made

        yield make


def get(client, *, seconds=SECONDS, at=PEOPLE, shape=Person, **options):
    deadline = client._clock.now() + seconds
    return client.get(at, "/people", shape, deadline=deadline, **options)


# --- what a response comes to -----------------------------------------------------------------


async def test_what_is_found_comes_in_the_shape_asked_for(client):
    """Decoded and checked; that and nothing else has a body."""
    reply = await get(await client())
    assert (reply.outcome, reply.body, reply.status) == (CallOutcome.FOUND, Person("Mira"), 200)
    assert (reply.reason, reply.retry_at, reply.calls) == ("", None, 1)


@pytest.mark.parametrize(
    ("status", "outcome", "passes"),
    [
        (202, CallOutcome.PENDING, True),
        (304, CallOutcome.NOT_MODIFIED, False),
        (400, CallOutcome.BAD_INPUT, False),
        (401, CallOutcome.BAD_KEY, True),
        (402, CallOutcome.OUT_OF_CREDITS, True),
        (403, CallOutcome.BAD_KEY, True),
        (404, CallOutcome.NOT_FOUND, False),
        (422, CallOutcome.BAD_INPUT, False),
        (429, CallOutcome.RATE_LIMITED, True),
        (451, CallOutcome.SUPPRESSED, False),
        (201, CallOutcome.UPSTREAM_ERROR, True),
        (302, CallOutcome.UPSTREAM_ERROR, True),
        (405, CallOutcome.UPSTREAM_ERROR, True),
        (500, CallOutcome.UPSTREAM_ERROR, True),
        (503, CallOutcome.UPSTREAM_ERROR, True),
    ],
)
async def test_each_status_has_its_usual_meaning(server, client, status, outcome, passes):
    """And a moment to come again exactly when that can help."""
    body = None if status in (202, 304) else {"name": "Mira"}
    server.answer(says(body, status))
    made = await client()
    reply = await get(made, seconds=2)
    assert (reply.outcome, reply.status, reply.body) == (outcome, status, None)
    assert reply.reason
    assert (reply.retry_at is not None and reply.retry_at > made._clock.wall()) == passes


async def test_a_dialect_says_what_its_provider_means(server, client):
    """By the response as a whole first, then by its status, then as usual."""

    def judge(response):
        no_match = response.said().get("code") == "NO_MATCH"
        return CallOutcome.NOT_FOUND if no_match else None

    dialect = Dialect(statuses={403: CallOutcome.RATE_LIMITED}, judge=judge, wait_seconds=99)
    made = await client(dialect=dialect)
    server.answer(says({"code": "NO_MATCH"}, 400))
    assert (await get(made)).outcome is CallOutcome.NOT_FOUND
    server.answer(says({"code": "other"}, 400))
    assert (await get(made)).outcome is CallOutcome.BAD_INPUT
    server.answer(says({}, 403))
    assert (await get(made)).outcome is CallOutcome.RATE_LIMITED


@pytest.mark.parametrize(
    ("respond", "reason", "calls"),
    [
        (says_bytes(b"<html>", "text/html"), "answered another type of content than agreed", 1),
        (says_bytes(b'{"name": "Mi'), "answered something that is not JSON", 1),
        (says_bytes(b'{"name": "\xff"}'), "answered something that is not JSON", 1),
        (says_bytes(b'{"own": ' * 100_000), "answered something that is not JSON", 1),
        (says({"name": 7}), "answered something that is not as agreed", 1),
        (says([]), "answered something that is not as agreed", 1),
        (says_bytes(b" " * (MIB + 1)), "answered more than 1 MiB", 1),
        (says(status=307, headers={"Location": "/elsewhere"}), "answered with a redirect", 1),
        (says(status=418), "answered with a status that is not agreed", 1),
        (says(status=500), "had an error of its own", ATTEMPTS),
        (breaks_off, "answer broke off", ATTEMPTS),
        (hangs_up, "connection lost", ATTEMPTS),
    ],
)
async def test_what_is_not_as_agreed_is_an_upstream_error(server, client, respond, reason, calls):
    """With a fixed phrase why. What may pass is asked again; a strange answer costs enough once."""
    server.answer(respond)
    reply = await get(await client())
    assert (reply.outcome, reply.reason) == (CallOutcome.UPSTREAM_ERROR, reason)
    assert reply.calls == calls


@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.github+json"])
async def test_json_is_json_under_a_vendors_own_name(server, client, media_type):
    """As RFC 6839 has it."""
    server.answer(says_bytes(b'{"name": "Mira"}', media_type))
    assert (await get(await client())).body == Person("Mira")


async def test_a_body_can_be_had_as_it_is(server, client):
    """For what is not JSON at all."""
    server.answer(says_bytes(b"<rss/>", "application/rss+xml"))
    reply = await get(await client(), shape=bytes)
    assert (reply.outcome, reply.body) == (CallOutcome.FOUND, b"<rss/>")


async def test_nobody_listening_is_an_upstream_error(client):
    """Whoever that is."""
    reply = await get(await client(f"http://127.0.0.1:{free_port()}"))
    assert (reply.outcome, reply.reason) == (CallOutcome.UPSTREAM_ERROR, "could not be reached")
    assert reply.status is None


async def test_before_the_start_nothing_is_asked(server, clock):
    """Unknown is what nobody was asked."""
    reply = await get(HttpClient("fake", server.url, limits=MemoryLimits(clock), clock=clock))
    assert (reply.outcome, reply.reason) == (CallOutcome.UPSTREAM_ERROR, "not started")
    assert server.requests == []


# --- what is sent -----------------------------------------------------------------------------


async def test_a_get_is_sent_as_it_is_meant(server, client):
    """Path, query and headers; no cookie of an earlier answer."""
    server.answer(says({"name": "Mira"}, headers={"Set-Cookie": "seen=mira"}))
    # By name, for cookies of a bare address are never kept.
    named = server.url.replace("127.0.0.1", "localhost")
    made = await client(f"{named}/v2/", headers={"X-Api-Key": "k"})
    for _ in range(2):
        await get(made, params={"q": "a+b@c.example in:email"}, headers={"If-None-Match": '"1"'})
    for request in server.requests:
        assert (request.method, request.path) == ("GET", "/v2/people")
        assert request.query == {"q": "a+b@c.example in:email"}
        assert request.headers["X-Api-Key"] == "k"
        assert request.headers["If-None-Match"] == '"1"'
        assert "Cookie" not in request.headers


async def test_a_post_is_sent_as_json(server, client):
    """One object, as given."""
    made = await client()
    deadline = asyncio.get_running_loop().time() + SECONDS
    content = {"data": {"linkedin_url": "x"}}
    reply = await made.post(PEOPLE, "/enrich", Person, deadline=deadline, content=content)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/enrich")
    assert request.content_type == "application/json"
    assert await request.json() == content
    assert reply.body == Person("Mira")


# --- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("respond", [hangs, stalls])
async def test_the_timeout_ends_a_request_and_it_is_sent_again(server, client, respond):
    """Reading the body included; the next one may be luckier."""
    server.answer(respond, FOUND)
    reply = await get(await client(timeout_seconds=0.2))
    assert reply.body == Person("Mira")
    assert reply.calls > 1


async def test_the_deadline_ends_a_call(server, client):
    """However long a request may take by itself."""
    server.answer(hangs)
    async with asyncio.timeout(SECONDS / 2):
        reply = await get(await client(timeout_seconds=SECONDS), seconds=0.1)
    assert (reply.outcome, reply.reason) == (CallOutcome.UPSTREAM_ERROR, "timed out")
    assert reply.calls == 1


async def test_after_the_deadline_nothing_is_sent(server, client):
    """It would be charged, and nobody waits for it."""
    reply = await get(await client(), seconds=0)
    assert (reply.outcome, reply.reason, reply.calls) == (
        CallOutcome.UPSTREAM_ERROR,
        "timed out",
        0,
    )
    assert server.requests == []


# --- repeats ----------------------------------------------------------------------------------


async def test_what_fails_is_repeated_after_a_pause_that_grows(server, client, clock):
    """At most so often, each time up to twice as long."""
    server.answer(FAILS)
    reply = await get(await client())
    assert (reply.outcome, reply.calls) == (CallOutcome.UPSTREAM_ERROR, ATTEMPTS)
    assert len(clock.waits) == ATTEMPTS - 1
    assert all(0 <= wait <= 0.25 * 2**n for n, wait in enumerate(clock.waits))
    assert reply.retry_at > clock.wall()


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422, 451])
async def test_what_is_settled_is_not_repeated(server, client, status):
    """The same answer would come, and be charged again."""
    server.answer(says({}, status))
    await get(await client())
    assert len(server.requests) == 1


async def test_pending_is_asked_again_until_it_is_there(server, client, clock):
    """As often as that takes within the deadline, with the pauses the provider names."""
    pending = says(status=202, headers={"Retry-After": "2"})
    server.answer(says(status=202), *[pending] * 4, FOUND)
    reply = await get(await client())
    assert (reply.body, reply.calls) == (Person("Mira"), 6)
    assert [round(wait) for wait in clock.waits] == [3, 2, 2, 2, 2]


async def test_pending_beyond_the_deadline_is_put_off(server, client, clock):
    """The reply says when to come again."""
    server.answer(says(status=202, headers={"Retry-After": "30"}))
    reply = await get(await client())
    assert reply.outcome is CallOutcome.PENDING
    assert reply.retry_at == pytest.approx(clock.wall() + 30, abs=5)
    assert reply.calls == 1


@pytest.mark.parametrize("respond", [FAILS, says(status=202), says(status=429)])
async def test_no_repeat_begins_when_it_could_hardly_end(server, client, respond):
    """Half a second before the deadline is too late."""
    server.answer(respond)
    reply = await get(await client(dialect=Dialect(wait_seconds=1)), seconds=0.4)
    assert reply.calls == 1


# --- limits the provider tells ----------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "5"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"},
        {"RateLimit-Reset": "5"},
    ],
)
async def test_a_refusal_for_the_rate_is_waited_for(server, client, clock, headers):
    """As long as the provider says."""
    server.answer(says({}, 429, headers=headers), FOUND)
    reply = await get(await client())
    assert (reply.body, reply.calls) == (Person("Mira"), 2)
    assert sum(clock.waits) == pytest.approx(5, abs=0.5)


async def test_a_refusal_holds_every_call_to_that_endpoint(server, client, clock):
    """Others need not be refused to know; other endpoints are not concerned."""
    server.answer(says({}, 429, headers={"Retry-After": "60"}), FOUND)
    made = await client()
    first = await get(made)
    second = await get(made)
    for reply in (first, second):
        assert reply.outcome is CallOutcome.RATE_LIMITED
        assert reply.retry_at == pytest.approx(clock.wall() + 60, abs=5)
    assert len(server.requests) == 1
    assert (await get(made, at=endpoint("search", ""))).outcome is CallOutcome.FOUND
    clock.ahead += 60
    assert (await get(made)).outcome is CallOutcome.FOUND


async def test_the_last_call_of_a_window_holds_the_next(server, client, clock):
    """Nobody has to be refused when the provider has said that nothing is left."""
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(clock.wall() + 60)}
    server.answer(says({"name": "Mira"}, headers=spent))
    made = await client()
    assert (await get(made)).outcome is CallOutcome.FOUND
    reply = await get(made)
    assert (reply.outcome, reply.calls) == (CallOutcome.RATE_LIMITED, 0)


async def test_a_provider_that_does_not_say_is_left_alone_for_a_while(server, client, clock):
    """As long as its dialect says."""
    server.answer(says({}, 429))
    reply = await get(await client(dialect=Dialect(wait_seconds=120)))
    assert reply.retry_at == pytest.approx(clock.wall() + 120, abs=5)


async def test_a_refusal_that_comes_again_and_again_is_put_off(server, client):
    """Also when it always says that it will pass soon."""
    server.answer(says({}, 429, headers={"Retry-After": "0"}))
    reply = await get(await client())
    assert (reply.outcome, reply.calls) == (CallOutcome.RATE_LIMITED, ATTEMPTS)


# --- our own limits ---------------------------------------------------------------------------


async def test_calls_wait_for_room_in_every_window(server, client, clock):
    """Two in a second, and four in a minute."""
    made = await client()
    limited = endpoint("people", "2/s 4/min")
    begun = clock.ahead
    for _ in range(4):
        await get(made, at=limited)
    assert 1 <= clock.ahead - begun < 2
    reply = await get(made, at=limited)
    assert (reply.outcome, reply.calls) == (CallOutcome.RATE_LIMITED, 0)
    assert reply.retry_at == pytest.approx(clock.wall() + 60, abs=3)
    assert len(server.requests) == 4


async def test_who_waits_for_room_hears_what_others_were_told(server, clock):
    """A place in our limits is worth nothing once the provider says to stay away."""
    sleeping, wake_up = asyncio.Event(), asyncio.Event()

    async def sleep(seconds):
        sleeping.set()
        await wake_up.wait()
        clock.ahead += seconds

    clock.sleep = sleep
    limited = endpoint("people", "1/s")
    refused = asyncio.Event()

    async def refuse(request):
        await refused.wait()
        return await says({}, 429, headers={"Retry-After": "60"})(request)

    server.answer(refuse, FOUND)
    made = HttpClient("fake", server.url, limits=MemoryLimits(clock), clock=clock)
    await made.start()
    first = asyncio.create_task(get(made, at=limited))
    await server.asked(1)
    second = asyncio.create_task(get(made, at=limited))
    await sleeping.wait()
    refused.set()
    await first
    wake_up.set()
    reply = await second
    await made.stop()
    assert (reply.outcome, reply.calls) == (CallOutcome.RATE_LIMITED, 0)
    assert len(server.requests) == 1


async def test_who_waits_for_a_turn_hears_what_others_were_told(server, client):
    """A provider that was parked meanwhile is not asked."""
    answered = asyncio.Event()

    async def refuse(request):
        await answered.wait()
        return await says({}, 401)(request)

    server.answer(refuse, FOUND)
    made = await client(concurrency=1)
    first = asyncio.create_task(get(made))
    await server.asked(1)
    second = asyncio.create_task(get(made))
    await asyncio.sleep(0)  # so that it is waiting
    answered.set()
    replies = await asyncio.gather(first, second)
    assert [reply.outcome for reply in replies] == [CallOutcome.BAD_KEY] * 2
    assert len(server.requests) == 1


async def test_no_more_at_once_than_set(server, client):
    """A call beyond that waits within its time, and is not sent."""
    server.answer(hangs)
    made = await client(concurrency=2, timeout_seconds=SECONDS)
    held = [asyncio.create_task(get(made)) for _ in range(2)]
    await server.asked(2)
    reply = await get(made, seconds=0.1)
    assert (reply.reason, reply.calls) == ("timed out", 0)
    assert len(server.requests) == 2
    for task in held:
        task.cancel()


# --- leaving alone ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 402])
async def test_without_credits_or_key_the_provider_is_parked(server, client, clock, status):
    """Nobody asks again for long, an operator can see it, and then it is tried again."""
    server.answer(says({}, status), FOUND)
    made = await client(parked_seconds=3600)
    refused = await get(made)
    parked = await get(made)
    assert parked.outcome is refused.outcome
    assert parked.retry_at == pytest.approx(clock.wall() + 3600, abs=5)
    assert (parked.calls, len(server.requests)) == (0, 1)
    assert (made.condition.outcome, made.condition.reason) == (parked.outcome, parked.reason)
    clock.ahead += 3601
    assert (await get(made)).outcome is CallOutcome.FOUND
    assert made.condition.outcome is CallOutcome.FOUND


async def test_the_log_says_once_that_a_provider_is_parked(server, client, capsys):
    """Also when many calls were under way."""
    server.answer(says({}, 401))
    made = await client()
    await asyncio.gather(*(get(made) for _ in range(20)))
    assert len(server.requests) > 1
    assert capsys.readouterr().out.count("provider.parked") == 1


async def test_a_failing_provider_is_left_alone_then_probed_once(server, client, clock):
    """One call finds out whether it is back; if so, all go on at full rate."""
    server.answer(FAILS)
    made = await client(concurrency=100)
    while made.condition.outcome is CallOutcome.FOUND:
        assert len(server.requests) < 20
        await get(made)
    before = len(server.requests)
    left_alone = await get(made)
    assert (left_alone.outcome, left_alone.calls) == (CallOutcome.UPSTREAM_ERROR, 0)
    assert left_alone.retry_at == pytest.approx(clock.wall() + 10, abs=1)
    assert len(server.requests) == before

    clock.ahead += 11
    released = asyncio.Event()

    async def held(request):
        await released.wait()
        return await FOUND(request)

    server.answer(held)
    crowd = [asyncio.create_task(get(made)) for _ in range(50)]
    await server.asked(before + 1)
    done, waiting = await asyncio.wait(crowd, timeout=SECONDS, return_when="FIRST_COMPLETED")
    while len(done) < 49:
        more, waiting = await asyncio.wait(waiting, timeout=SECONDS, return_when="FIRST_COMPLETED")
        done |= more
    assert {task.result().reason for task in done} == {"failed too often and is left alone"}
    assert len(server.requests) == before + 1
    released.set()
    (probe,) = await asyncio.gather(*waiting)
    assert probe.outcome is CallOutcome.FOUND
    replies = await asyncio.gather(*(get(made) for _ in range(50)))
    assert {reply.outcome for reply in replies} == {CallOutcome.FOUND}


@pytest.mark.parametrize("status", [400, 404, 422, 429, 451, 202])
async def test_what_says_nothing_bad_of_the_provider_does_not_count(server, client, status):
    """It works; it only has nothing to give."""
    server.answer(says(None if status == 202 else {}, status, headers={"Retry-After": "0"}))
    made = await client()
    for _ in range(30):
        await get(made, seconds=3)
    assert made.condition.outcome is CallOutcome.FOUND
    assert len(server.requests) >= 30


async def test_deadlines_cut_short_do_not_count(server, client):
    """A caller in a hurry does not make others think that the provider fails."""
    server.answer(hangs)
    made = await client(timeout_seconds=SECONDS)
    await asyncio.gather(*(get(made, seconds=0.05) for _ in range(30)))
    assert made.condition.outcome is CallOutcome.FOUND


async def test_nothing_of_a_call_reaches_the_log(server, client, caplog, capsys):
    """Neither the question nor the answer nor the key, whatever came of it."""
    caplog.set_level("DEBUG")
    made = await client(headers={"X-Api-Key": "secret"}, parked_seconds=0)
    for respond in (FAILS, says({}, 429), says({}, 401), says({"name": "secret"})):
        server.answer(respond)
        await get(made, params={"q": "secret"}, seconds=1)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp.access")]
    printed = capsys.readouterr()
    assert "secret" not in f"{ours} {printed.out} {printed.err}"
