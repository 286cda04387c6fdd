"""Whether the process answers, and whether it can do its work."""

from starlette.requests import Request
from starlette.responses import Response

from api.json_response import JsonResponse
from api.publisher import Publisher
from api.standby import Standby
from enrich_stream.key_ring import KeyRing
from enrich_stream.monitoring.readiness import Readiness


async def live(_request: Request) -> Response:
    """``GET /health/live``: the process answers."""
    return JsonResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """``GET /health/ready``: 200 when jobs can be accepted and shown, else 503.

    Strangers are told no more than that, for they may be the orchestrator; who has a key is told
    what is amiss.
    """
    state = request.state
    found = await readiness(state.standby, state.publisher, state.keys)
    body = found.body if state.caller is not None else {"status": found.body["status"]}
    return JsonResponse(body, status_code=found.status_code)


async def readiness(standby: Standby, publisher: Publisher, keys: KeyRing) -> Readiness:
    """Whether a front door can do its work."""
    return Readiness(
        checks={
            "standbyCaughtUp": standby.has_caught_up,
            "kafkaTakesWrites": await publisher.takes_writes(),
            "keysFollowed": keys.is_following,
        }
    )
