"""An endpoint of an operator that knows everybody, and remembers when it was asked about whom."""

import contextlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CountingEndpoint:
    """What the provider ``endpoint`` asks; each answer takes ``seconds``."""

    def __init__(self, url, seconds):
        self.url, self.seconds = url, seconds
        self._begun = []
        self._lock = threading.Lock()

    def answer(self, question):
        name = question["identifier"]["value"]
        with self._lock:
            self._begun.append((time.monotonic(), name))
        time.sleep(self.seconds)
        value = {"value": f"{name}@x.example", "verified": True}
        found = {"outcome": "found", "values": [value]}
        return {"person_known": True, "fields": dict.fromkeys(question["fields"], found)}

    @property
    def calls(self):
        """How often it was asked about each person."""
        with self._lock:
            return Counter(name for _, name in self._begun)

    @property
    def last_call(self):
        """When it was last asked, on the clock of ``time.monotonic``."""
        with self._lock:
            return max(at for at, _ in self._begun)


@contextlib.contextmanager
def counting_endpoint(seconds=0.0):
    """Listens on the loopback until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(endpoint.answer(question)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # a worker that was stopped meanwhile
                self.wfile.write(body)

        def log_message(self, *_):
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        endpoint = CountingEndpoint(f"http://127.0.0.1:{server.server_port}/people", seconds)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield endpoint
        server.shutdown()
        thread.join()
