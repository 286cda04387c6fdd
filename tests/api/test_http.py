"""What a front door answers below the application: broken, huge and slow HTTP, on a real socket."""

import contextlib
import json
import re
import socket
import threading
import uuid

import pytest
from front_door import MemoryKafka
from running_door import running, running_door

from api.problems import Problems
from api.request_context import RequestContext
from enrich_stream.errors import StorageError
from enrich_stream.settings import Settings

HEAD = b"POST /api/enrichments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A door with all the time in the world."""
    home, limits = tmp_path_factory.mktemp("door"), {"max_head_bytes": 2048, "max_body_bytes": 4096}
    with running_door(home, MemoryKafka(), **limits) as address:
        yield address


@pytest.fixture(scope="module")
def impatient_door(tmp_path_factory):
    """A door at which slowness shows soon."""
    home, seconds = tmp_path_factory.mktemp("impatient"), 0.3
    timeouts = ("head_timeout_seconds", "body_timeout_seconds", "send_timeout_seconds")
    limits = dict.fromkeys(timeouts, seconds)
    with running_door(home, MemoryKafka(), **limits) as address:
        yield address


def converse(address, *parts):
    """Send ``parts``, and return all that is answered until the other side closes."""
    with socket.create_connection(address, timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        with connection.makefile("rb") as answers:
            return answers.read()


def first_answer(address, *parts):
    """Send ``parts``, and return the first answer; the connection may stay open."""
    with socket.create_connection(address, timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        with connection.makefile("rb") as answers:
            head = b"".join(iter(answers.readline, b"\r\n"))
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            return head + b"\r\n" + answers.read(int(length[1]))


def check_problem(answer, status):
    """One answer in the contract's shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    problem = json.loads(body)
    assert first.split()[1] == str(status)
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    assert problem["statusCode"] == status
    assert problem.keys() >= {"error", "message", "path", "timestamp"}
    assert headers["x-request-id"] == problem["requestId"] == str(uuid.UUID(problem["requestId"]))
    return problem


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nbroken header\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["no HTTP", "a path that is no text", "a header without colon", "no length", "TLS"],
)
def test_what_is_no_http_is_a_400_in_the_one_shape(door, request_bytes):
    """Also what never reaches the application is answered as the contract has errors."""
    check_problem(converse(door, request_bytes), 400)


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 3000 + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\n", *[b"X-Some: " + b"x" * 200 + b"\r\n"] * 20],
        [b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nX-Endless: ", *[b"x" * 100_000] * 20],
    ],
    ids=["a long header", "many headers", "a long path", "a header that never ends"],
)
def test_headers_over_the_limit_are_a_431(door, parts):
    """However they arrive, and the answer reaches also a client that is still sending."""
    check_problem(converse(door, *parts), 431)


def test_a_request_whose_headers_do_not_end_is_a_408(impatient_door):
    """A client that sends nothing more is not waited for."""
    check_problem(converse(impatient_door, b"GET / HTTP/1.1\r\nHost: x\r\n"), 408)


def test_a_connection_that_says_nothing_is_closed(impatient_door):
    """There is nobody to answer."""
    assert converse(impatient_door) == b""


def test_a_connection_that_sends_empty_lines_only_is_closed(impatient_door):
    """Empty lines before a request are allowed by HTTP, but no way to stay."""
    assert converse(impatient_door, b"\r\n", b"\r\n") == b""


def test_a_body_that_does_not_end_is_a_408(impatient_door):
    """Half a body and then nothing."""
    answer = converse(impatient_door, HEAD + b"Content-Length: 100\r\n\r\n", b'{"identifier"')
    check_problem(answer, 408)


def test_a_body_announced_too_large_is_a_413_before_it_is_sent(door):
    """The head already tells."""
    check_problem(first_answer(door, HEAD + b"Content-Length: 5000\r\n\r\n"), 413)


def test_a_body_in_chunks_that_becomes_too_large_is_a_413(door):
    """Without a length the bytes are counted as they come."""
    chunk = b"800\r\n" + b"x" * 0x800 + b"\r\n"
    answer = first_answer(door, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, chunk)
    check_problem(answer, 413)


def test_requests_after_each_other_on_one_connection_are_answered(door):
    """The limits are of one request, not of a connection."""
    get = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 1500 + b"\r\n"
    answer = converse(door, (get + b"\r\n") * 4 + get + b"Connection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200 OK") == 5


def test_a_slow_head_after_an_answered_request_is_a_408(impatient_door):
    """The next request on a connection has no more time than the first."""
    get = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
    answer = converse(impatient_door, get + b"\r\n" + get)

    first, second = answer.split(b'{"status":"ok"}')
    assert first.startswith(b"HTTP/1.1 200 OK")
    check_problem(second, 408)


def test_an_error_in_the_middle_of_an_answer_ends_the_connection():
    """There is no place for a second answer; the client sees that the first is not whole."""

    async def fails(scope, _receive, send):
        if scope["type"] == "http":
            headers = [(b"content-length", b"10")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise StorageError("broken")

    @contextlib.asynccontextmanager
    async def opened():
        yield RequestContext(Problems(fails)), Settings()

    with running(opened) as address:
        answer = converse(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"\r\n\r\nhalf")


def test_a_client_that_reads_nothing_is_dropped():
    """An answer that is larger than what fits on the way is not kept for it for ever."""
    dropped = threading.Event()

    async def large(scope, _receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            body = {"type": "http.response.body", "body": b"x" * 50_000_000, "more_body": True}
            await send(body)
            await send(body)  # waits for the client, or for its end
            dropped.set()

    @contextlib.asynccontextmanager
    async def opened():
        yield large, Settings(send_timeout_seconds=0.3)

    with running(opened) as address, socket.create_connection(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert dropped.wait(20)
