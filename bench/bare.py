"""What the front door is measured against: Starlette and aiokafka, with nothing in between.

``post`` sends each body to a topic as it is, with ``acks=all``, and answers 202 with a fixed
JSON object. ``get`` answers from a dictionary in memory. Neither looks at what it is given. The
server is uvicorn with uvloop, as for the front door.

    python -m bench.bare post PORT KAFKA TOPIC
    python -m bench.bare get PORT ANSWERS.json
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from ulid import ULID

_ACCEPTED = b'{"id":"op_01M84K25EC328MKAD21XG8WF35","status":"queued"}'


def posting(bootstrap_servers: str, topic: str) -> Starlette:
    """The application for ``post``."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all")
        await producer.start()
        yield {"producer": producer}
        await producer.stop()

    async def accept(request: Request) -> Response:
        key = f"op_{ULID()}".encode()
        await request.state.producer.send_and_wait(topic, await request.body(), key)
        return Response(_ACCEPTED, status_code=202, media_type="application/json")

    return Starlette(
        routes=[Route("/api/enrichments", accept, methods=["POST"])], lifespan=lifespan
    )


def getting(answers: dict[str, str]) -> Starlette:
    """The application for ``get``."""
    bodies = {job_id: body.encode() for job_id, body in answers.items()}

    async def show(request: Request) -> Response:
        return Response(bodies[request.path_params["job_id"]], media_type="application/json")

    return Starlette(routes=[Route("/api/enrichments/{job_id}", show, methods=["GET"])])


def main() -> None:
    """Serve until told to stop."""
    what, port, *rest = sys.argv[1:]
    app = (
        posting(*rest)
        if what == "post"
        else getting(msgspec.json.decode(Path(rest[0]).read_bytes(), type=dict[str, str]))
    )
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
