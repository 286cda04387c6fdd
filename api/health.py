"""Whether the process answers, and whether it can do its work."""

from starlette.requests import Request
from starlette.responses import Response

from api.json_response import JsonResponse
from api.publisher import Publisher
from api.standby import Standby
from enrich_stream.monitoring.readiness import Readiness


async def live(_request: Request) -> Response:
    """``GET /health/live``: the process answers."""
    return JsonResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """``GET /health/ready``: 200 when jobs can be accepted and shown, else 503 and why not."""
    found = await readiness(request.state.standby, request.state.publisher)
    return JsonResponse(found.body, status_code=found.status_code)


async def readiness(standby: Standby, publisher: Publisher) -> Readiness:
    """Whether a front door can do its work."""
    return Readiness(
        checks={
            "standbyCaughtUp": standby.has_caught_up,
            "kafkaTakesWrites": await publisher.takes_writes(),
        }
    )
