"""Whether the process answers, and whether it can do its work."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.json_response import JsonResponse


async def live(_request: Request) -> Response:
    """``GET /health/live``: the process answers."""
    return JsonResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """``GET /health/ready``: 200 when jobs can be accepted and shown, else 503.

    Strangers are told no more than that, for they may be the orchestrator; who has a key is told
    what is amiss.
    """
    caught_up = request.state.standby.has_caught_up
    writes = await request.state.publisher.takes_writes()
    checks = {
        "standbyCaughtUp": caught_up,
        "kafkaTakesWrites": writes,
        "keysFollowed": request.state.keys.is_following,
    }
    well = all(checks.values())
    body: dict[str, Any] = {"status": "ok" if well else "unavailable"}
    if request.state.caller is not None:
        body["checks"] = checks
    return JsonResponse(body, status_code=200 if well else 503)
