"""The provider over an HTTP endpoint: what it sends, and what the network can do to it."""

import asyncio
import contextlib
import re
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web
from endpoint_samples import BOTH, MIRA, SECONDS, Endpoint, a_question, email, found_one
from pydantic import SecretStr

from enrich_stream.enrichment import Enrichment
from enrich_stream.errors import SetupError
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Answer, Provider, Question, everything
from enrich_stream.providers.client.transport import KEEP_ALIVE_SECONDS
from enrich_stream.providers.endpoint import EndpointProvider
from enrich_stream.providers.endpoint.provider import NO_CONNECTION
from enrich_stream.providers.registry import make_providers
from enrich_stream.settings import Settings, load_settings
from enrich_stream.stack import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "t0p-s3cret"  # noqa: S105 - invented
MIB = 1024 * 1024
ONLY_EMAIL = frozenset({Field.EMAIL})


@pytest.fixture
async def endpoint():
    """An endpoint on the loopback that finds one e-mail for everybody, until told otherwise."""
    fake = Endpoint()
    app = web.Application()
    app.router.add_post("/people", fake.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    fake.url = f"http://{host}:{port}/people"
    yield fake
    fake.released.set()
    await runner.cleanup()


@pytest.fixture
async def started():
    """Makes a started provider, and stops it at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(url, *args, **settings):
            made = EndpointProvider(url, *args, **settings)
            stack.push_async_callback(made.stop)
            await made.start()
            return made

        yield start


@contextlib.asynccontextmanager
async def raw_server(respond):
    """The URL of a server that reads one request whole and then does ``respond(bytes, writer)``."""

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        respond(head + await reader.readexactly(length), writer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/people"


def all_unknown(reason, fields=BOTH):
    return Answer.same_for_all(fields, Outcome.UNKNOWN, reason)


# --- what is sent -----------------------------------------------------------------------------


def test_it_is_a_provider():
    """It answers every field by every identifier, and is worth remembering."""
    made: Provider = EndpointProvider("http://127.0.0.1/")
    assert made.name == "endpoint"
    assert made.answers == everything()
    assert not made.is_local


async def test_a_question_is_one_post_with_the_identifier_and_the_fields_sorted(endpoint, started):
    """Nothing that was not asked for is sent: no signals_config, no token."""
    asked = await started(endpoint.url)
    await asked.ask(a_question(frozenset(Field)))
    (request,), (body,) = endpoint.requests, endpoint.bodies
    assert body == {
        "identifier": {"kind": "linkedin_url", "value": "mira-okafor"},
        "fields": ["contact.email", "contact.phone", "profile", "signals"],
    }
    assert request.content_type == "application/json"
    assert "Authorization" not in request.headers


async def test_the_callers_signals_config_is_passed_on_as_given(endpoint, started):
    """What it means is between the caller and the endpoint."""
    config = {"since_days": 30, "platforms": ["x"], "own": {"a": [1]}}
    asked = await started(endpoint.url)
    await asked.ask(a_question(signals_config=config))
    assert endpoint.bodies[0]["signals_config"] == config


async def test_the_readme_shows_the_request_and_its_answer_as_they_are(started):
    """Both blocks are bytes on the wire; only the host is another."""
    blocks = re.findall(r"```http\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    request, response = (block.replace("\n", "\r\n").encode() for block in blocks)
    got = []

    def respond(data, writer):
        got.append(data)
        writer.write(response)

    async with raw_server(respond) as url:
        asked = await started(url, SecretStr("s3cret"))
        answered = await asked.ask(a_question())
    assert re.sub(rb"Host: .*\r", b"Host: people.internal:9000\r", got[0]) == request
    assert answered.findings[Field.EMAIL].values[0].value == "mira_okafor@northwind.example"
    assert answered.findings[Field.PHONE].outcome is Outcome.ABSENT
    assert (answered.person_known, answered.cost) == (True, 1.0)


async def test_questions_share_one_connection(endpoint, started):
    """Also after answers that are no 200: opening a connection costs more than asking."""
    asked = await started(endpoint.url)
    for status in (200, 404, 500, 200):
        endpoint.answer(text="x" * 500_000, status=status)
        await asked.ask(a_question())
    assert len(endpoint.requests) == 4
    assert len(endpoint.peers) == 1


async def test_no_more_connections_than_set(endpoint, started):
    """A question beyond the limit waits for a connection within its time, and is not sent."""
    endpoint.respond = endpoint.hold
    asked = await started(endpoint.url, concurrency=2)
    held = [asyncio.create_task(asked.ask(a_question(ONLY_EMAIL))) for _ in range(2)]
    await endpoint.asked(2)
    put_off = await asked.ask(a_question(ONLY_EMAIL, seconds=0.7))
    finding = put_off.findings[Field.EMAIL]
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, NO_CONNECTION)
    assert (finding.is_busy, finding.was_asked) == (True, False)
    assert finding.retry_at > time.time()
    assert len(endpoint.requests) == 2
    waiting = asyncio.create_task(asked.ask(a_question(ONLY_EMAIL)))
    endpoint.released.set()
    answers = await asyncio.gather(*held, waiting)
    assert [answer.findings[Field.EMAIL].outcome for answer in answers] == [Outcome.FOUND] * 3
    assert len(endpoint.peers) == 2


async def test_who_waits_for_a_connection_loses_nothing_of_the_endpoints_time(endpoint, started):
    """The timeout is the endpoint's; the wait for a connection is not its fault."""
    endpoint.respond = endpoint.hold
    asked = await started(endpoint.url, concurrency=1, timeout_seconds=0.5)
    held = asyncio.create_task(asked.ask(a_question(ONLY_EMAIL)))
    waiting = asyncio.create_task(asked.ask(a_question(ONLY_EMAIL)))
    assert await held == all_unknown("timed out", ONLY_EMAIL)

    endpoint.released.set()

    assert (await waiting).findings[Field.EMAIL].outcome is Outcome.FOUND


async def test_cookies_are_not_kept(endpoint, started):
    """Nothing of one person's answer travels with the question about another."""

    async def with_cookie(request):
        response = await found_one(request)
        response.set_cookie("seen", "mira")
        return response

    endpoint.respond = with_cookie
    asked = await started(endpoint.url)
    for _ in range(2):
        await asked.ask(a_question())
    assert "Cookie" not in endpoint.requests[1].headers


# --- the token and the address ----------------------------------------------------------------


async def test_the_token_is_sent_as_a_bearer_token(endpoint, started):
    """As the settings hold it."""
    asked = await started(endpoint.url, SecretStr(TOKEN))
    await asked.ask(a_question())
    assert endpoint.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


async def test_an_empty_token_is_none(endpoint, started):
    """An empty variable in the environment means that it is not set."""
    asked = await started(endpoint.url, SecretStr(""))
    await asked.ask(a_question())
    assert "Authorization" not in endpoint.requests[0].headers


@pytest.mark.parametrize("end", ["\n", " x", "\u2014"])
async def test_a_token_that_no_header_can_carry_stops_the_start(started, end):
    """The operator is told the setting and what is wrong, not the token."""
    with pytest.raises(SetupError, match=r"^ENRICH_ENDPOINT_TOKEN: must be ") as refusal:
        await started("http://127.0.0.1/", SecretStr(TOKEN + end))
    assert TOKEN not in str(refusal.value)


async def test_a_password_in_the_address_stops_the_start(started):
    """It would be sent, and shown wherever the address is."""
    with pytest.raises(SetupError, match=r"^ENRICH_ENDPOINT_URL: must not hold") as refusal:
        await started(f"http://admin:{TOKEN}@127.0.0.1/")
    assert TOKEN not in str(refusal.value)


@pytest.mark.parametrize("url", ["ftp://people.internal/", "people.internal/people", "http://", ""])
def test_an_address_that_is_not_http_stops_the_start(monkeypatch, url):
    """One line that names the setting."""
    monkeypatch.setenv("ENRICH_ENDPOINT_URL", url)
    with pytest.raises(SetupError, match=r"^wrong settings: ENRICH_ENDPOINT_URL: [^\n]+$"):
        load_settings()


def test_the_token_shows_nowhere(monkeypatch):
    """Not in the settings as text, nor when another one of them is wrong."""
    monkeypatch.setenv("ENRICH_ENDPOINT_TOKEN", TOKEN)
    settings = load_settings()
    assert settings.endpoint_token.get_secret_value() == TOKEN
    made = EndpointProvider("http://127.0.0.1/", settings.endpoint_token)
    assert TOKEN not in f"{settings!r} {settings} {vars(made)!r}"
    monkeypatch.setenv("ENRICH_ENDPOINT_CONCURRENCY", "0")
    with pytest.raises(SetupError, match="ENRICH_ENDPOINT_CONCURRENCY") as refusal:
        load_settings()
    assert TOKEN not in str(refusal.value)


def test_it_is_asked_after_the_directory_and_only_when_set(tmp_path):
    """The operator's own records cost nothing."""
    file = tmp_path / "people.csv"
    settings = Settings(directory_file=file, endpoint_url="http://127.0.0.1:9000")
    assert [made.name for made in make_providers(settings)] == ["directory", "endpoint"]
    assert [made.name for made in make_providers(Settings(directory_file=file))] == ["directory"]


async def test_the_settings_reach_the_provider(endpoint, monkeypatch):
    """The address, token and timeout an operator sets are those in use."""
    monkeypatch.setenv("ENRICH_ENDPOINT_URL", f"{endpoint.url}?a=%2F")
    monkeypatch.setenv("ENRICH_ENDPOINT_TOKEN", TOKEN)
    monkeypatch.setenv("ENRICH_ENDPOINT_TIMEOUT_SECONDS", "8.5")
    monkeypatch.setenv("ENRICH_ENDPOINT_CONCURRENCY", "7")
    (made,) = make_providers(load_settings())
    await made.start()
    try:
        assert made._transport.session.connector.limit == 7
        assert made._timeout_seconds == 8.5
        await made.ask(a_question())
    finally:
        await made.stop()
    assert endpoint.requests[0].raw_path == "/people?a=%2F"
    assert endpoint.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


# --- statuses ---------------------------------------------------------------------------------


async def test_404_means_no_such_person(endpoint, started):
    """Every field is absent, whatever stands in the body."""
    endpoint.answer(text="<html>" + "x" * 2 * MIB, status=404)
    asked = await started(endpoint.url)
    answered = await asked.ask(a_question())
    assert answered == Answer.same_for_all(BOTH, Outcome.ABSENT, "no such person")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "refused the token"),
        (403, "refused the token"),
        (429, "too many requests"),
        (500, "had an error of its own"),
        (502, "had an error of its own"),
        (503, "had an error of its own"),
        (599, "had an error of its own"),
        (201, "answered with a status that is not agreed"),
        (204, "answered with a status that is not agreed"),
        (206, "answered with a status that is not agreed"),
        (400, "answered with a status that is not agreed"),
        (405, "answered with a status that is not agreed"),
        (410, "answered with a status that is not agreed"),
        (304, "answered with a redirect"),
    ],
)
async def test_every_other_status_makes_everything_unknown(endpoint, started, status, reason):
    """Once asked, once answered; a body that would be an answer with 200 is none."""
    body = b'{"fields": {"contact.email": {"outcome": "absent"}}}' if status > 206 else None
    endpoint.answer(body=body, status=status)
    asked = await started(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown(reason)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(endpoint, started, status):
    """A question with a token is not carried to another place."""
    endpoint.answer(status=status, headers={"Location": endpoint.url})
    asked = await started(endpoint.url, SecretStr(TOKEN))
    assert await asked.ask(a_question()) == all_unknown("answered with a redirect")
    assert len(endpoint.requests) == 1


# --- bodies -----------------------------------------------------------------------------------


async def test_an_answer_of_exactly_the_limit_is_read(endpoint, started):
    """1 MiB is allowed."""
    start = b'{"fields": {"contact.email": {"outcome": "absent"}}, "own": "'
    endpoint.answer(body=start + b"x" * (MIB - len(start) - 2) + b'"}')
    asked = await started(endpoint.url)
    answered = await asked.ask(a_question(ONLY_EMAIL))
    assert answered.findings[Field.EMAIL].outcome is Outcome.ABSENT


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_over_the_limit_is_unknown(endpoint, started, packed):
    """However it is packed, no more than about 1 MiB of it is ever held."""

    async def respond(_request):
        start = b'{"fields": {"contact.email": {"outcome": "absent"}}, "own": "'
        response = web.Response(body=start + b"x" * (MIB - len(start) - 1) + b'"}')
        if packed:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    endpoint.respond = respond
    asked = await started(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown("answered more than 1 MiB")


async def test_an_endless_answer_is_cut_off(endpoint, started):
    """The endpoint sends on until its connection is closed under it."""
    closed = asyncio.Event()

    async def respond(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65536)
        finally:
            closed.set()

    endpoint.respond = respond
    asked = await started(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown("answered more than 1 MiB")
    async with asyncio.timeout(SECONDS):
        await closed.wait()


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_answer_that_breaks_off_is_unknown(endpoint, started, chunked):
    """Half an answer is none, even when the half is complete JSON."""

    async def respond(request):
        response = web.StreamResponse()
        if chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"fields": {"contact.email": {"outcome": "absent"}}}')
        request.transport.close()
        return response

    endpoint.respond = respond
    asked = await started(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown("answer broke off")


async def test_an_answer_that_cannot_be_unpacked_is_unknown(endpoint, started):
    """It is not JSON in any reading."""
    endpoint.answer(body=b'{"fields": {}}', headers={"Content-Encoding": "gzip"})
    asked = await started(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown("answer broke off")


async def test_a_web_page_is_unknown(endpoint, started):
    """A login page in front of the endpoint answers 200 as well."""
    endpoint.answer(text="<html>Please log in</html>", content_type="text/html")
    asked = await started(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown("answered something that is not JSON")


# --- connections and time ---------------------------------------------------------------------


async def test_a_refused_connection_is_unknown(started):
    """Nobody listens there."""
    asked = await started(f"http://127.0.0.1:{free_port()}/people")
    assert await asked.ask(a_question()) == all_unknown("could not be reached")


async def test_a_connection_lost_before_the_answer_is_unknown_and_asked_once(started):
    """Whether the question was taken cannot be known, so it is not asked again here."""
    got = []
    async with raw_server(lambda data, _writer: got.append(data)) as url:
        asked = await started(url)
        assert await asked.ask(a_question()) == all_unknown("connection lost")
    assert len(got) == 1


async def test_a_server_that_speaks_something_else_is_unknown(started):
    """A mail server on that port, for example."""
    async with raw_server(lambda _data, writer: writer.write(b"220 mail ESMTP\r\n\r\n")) as url:
        asked = await started(url)
        assert await asked.ask(a_question()) == all_unknown("answered something that is not HTTP")


async def slow_body(request):
    response = web.StreamResponse()
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"fields": ')
    await asyncio.Event().wait()


async def slow_headers(_request):
    await asyncio.Event().wait()


@pytest.mark.parametrize("respond", [slow_headers, slow_body])
@pytest.mark.parametrize(("longest", "left"), [(0.1, SECONDS), (SECONDS, 0.1)])
async def test_the_first_of_deadline_and_timeout_ends_the_call(
    endpoint, started, respond, longest, left
):
    """The whole call, reading the body included."""
    endpoint.respond = respond
    asked = await started(endpoint.url, timeout_seconds=longest)
    async with asyncio.timeout(SECONDS / 2):
        assert await asked.ask(a_question(seconds=left)) == all_unknown("timed out")


async def test_a_drip_of_bytes_does_not_stretch_the_time(endpoint, started):
    """The clock does not start anew with each byte."""

    async def respond(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    endpoint.respond = respond
    asked = await started(endpoint.url, timeout_seconds=0.2)
    async with asyncio.timeout(SECONDS / 2):
        assert await asked.ask(a_question()) == all_unknown("timed out")


async def test_a_question_whose_time_is_over_is_not_asked(endpoint, started):
    """It would cost, and nobody waits for the answer."""
    asked = await started(endpoint.url)
    await asked.ask(a_question())  # so that a connection is open, and sending would take no time
    assert await asked.ask(a_question(seconds=0)) == all_unknown("timed out")
    await asked.ask(a_question())
    assert len(endpoint.requests) == 2


async def test_after_a_time_out_the_next_question_gets_its_own_answer(endpoint, started):
    """A connection with half an answer in it is not used again."""
    endpoint.respond = slow_body
    asked = await started(endpoint.url, concurrency=1)
    await asked.ask(a_question(seconds=0.2))
    endpoint.respond = found_one
    answered = await asked.ask(a_question(ONLY_EMAIL))
    assert answered.findings[Field.EMAIL].outcome is Outcome.FOUND


async def test_before_the_start_and_after_the_stop_everything_is_unknown(endpoint):
    """An endpoint that could not be asked is never taken for one that knows nobody."""
    asked = EndpointProvider(endpoint.url)
    assert await asked.ask(a_question()) == all_unknown("not started")
    await asked.start()
    await asked.stop()
    await asked.stop()
    assert await asked.ask(a_question()) == all_unknown("not started")
    assert endpoint.requests == []


async def test_stopping_ends_what_is_under_way(endpoint, started):
    """A question in the air becomes unknown at once."""
    endpoint.respond = endpoint.hold
    asked = await started(endpoint.url)
    under_way = asyncio.create_task(asked.ask(a_question()))
    await endpoint.asked(1)
    await asked.stop()
    async with asyncio.timeout(SECONDS / 2):
        assert await under_way == all_unknown("connection lost")


def test_idle_connections_are_given_up_before_usual_servers_do():
    """A question on a connection that is just being closed would be lost."""
    assert KEEP_ALIVE_SECONDS < 5


async def test_nothing_of_the_answer_reaches_the_log(endpoint, started, caplog, capsys):
    """Neither what was found nor what could not be read."""
    caplog.set_level("DEBUG")
    asked = await started(endpoint.url, SecretStr(TOKEN))
    for said in (email("secret@b.example"), email("secret"), {"outcome": "secret"}):
        endpoint.answer_json({"fields": {"contact.email": said}})
        await Enrichment([asked]).look_up(a_question())
    endpoint.answer(text="secret")
    await Enrichment([asked]).look_up(a_question())
    # The fake's own record of requests is not the provider's.
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp.access")]
    printed = capsys.readouterr()
    everything = f"{ours} {printed.out} {printed.err}"
    assert "secret" not in everything
    assert TOKEN not in everything


# --- the example ------------------------------------------------------------------------------


@pytest.fixture
async def example(tmp_path):
    """The URL of the example endpoint, running as its documentation says, with a token."""
    (tmp_path / "people.csv").write_text(
        "linkedin_url,email,x_handle,github_username,phone,name\n"
        "mira-okafor,mira@northwind.example,,,,Mira Okafor\n"
    )
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, ROOT / "examples" / "endpoint_server.py"),
        *(tmp_path / "people.csv", str(port)),
        env={"ENRICH_ENDPOINT_TOKEN": TOKEN},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            while b"running on" not in (line := await process.stderr.readline()):
                assert line, "it ended"
        yield f"http://127.0.0.1:{port}/people"
    finally:
        process.terminate()
        await process.communicate()


async def test_the_example_endpoint_answers_the_provider(example, started):
    """Found, absent, not said and nobody by that name, each as what it is."""
    asked = await started(example, SecretStr(TOKEN))
    answered = await asked.ask(a_question(frozenset(Field)))
    outcomes = {field: finding.outcome for field, finding in answered.findings.items()}
    assert answered.person_known
    assert outcomes == {
        Field.EMAIL: Outcome.FOUND,
        Field.PHONE: Outcome.ABSENT,
        Field.PROFILE: Outcome.FOUND,
        Field.SIGNALS: Outcome.UNKNOWN,
    }
    assert answered.findings[Field.EMAIL].values[0].value == "mira@northwind.example"
    nobody = Question(
        identifier=Identifier(MIRA.kind, "nobody-91"), fields=BOTH, deadline=a_question().deadline
    )
    assert await asked.ask(nobody) == Answer.same_for_all(BOTH, Outcome.ABSENT, "no such person")


async def test_the_example_endpoint_wants_the_token(example, started):
    """Who knows only the address learns nothing."""
    for token in (None, SecretStr("another")):
        asked = await started(example, token)
        assert await asked.ask(a_question()) == all_unknown("refused the token")
