"""Whether the process answers, and whether it can do its work."""

from starlette.requests import Request
from starlette.responses import Response

from api.json_response import JsonResponse


async def live(_request: Request) -> Response:
    """``GET /health/live``: the process answers."""
    return JsonResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """``GET /health/ready``: 200 when jobs can be accepted and shown, else 503 and why not."""
    caught_up = request.state.standby.has_caught_up
    writes = await request.state.publisher.takes_writes()
    checks = {"standbyCaughtUp": caught_up, "kafkaTakesWrites": writes}
    well = all(checks.values())
    return JsonResponse(
        {"status": "ok" if well else "unavailable", "checks": checks},
        status_code=200 if well else 503,
    )
