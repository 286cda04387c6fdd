"""An endpoint that knows everyone, and says so one by one as it is let go."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HeldPeople:
    """Holds each answer until ``let_go`` has been called for one more."""

    def __init__(self):
        self._turns = threading.Semaphore(0)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/people"

    def let_go(self, count):
        """Give that many more answers."""
        self._turns.release(count)

    def close(self):
        self.let_go(1000)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self):
        turns = self._turns

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                turns.acquire()
                value = {"value": f"{asked['identifier']['value']}@y.example", "verified": True}
                fields = {"contact.email": {"outcome": "found", "values": [value]}}
                body = json.dumps({"person_known": True, "fields": fields}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing: pytest shows what failed."""

        return Handler
