"""``POST /api/enrichments/estimate``: what a body would take, without doing it.

The answer is about this moment, and says the most: what the operator's own records know costs
nothing, and the first provider that finds something ends the asking.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.bodies import parse_order
from api.caller import caller_of
from api.json_response import JsonResponse
from api.order import Order
from api.submit import new_job
from enrich_stream.forecast import Forecast, forecast
from enrich_stream.memory import MaxAge
from enrich_stream.person import Identifier
from enrich_stream.records import Item, Job, Lane


async def post_estimate(request: Request) -> Response:
    """``POST /api/enrichments/estimate``: 200 with what the same body would take.

    ``data`` has:
        mode: ``sync`` when the POST would be answered with the data, ``async`` with an operation.
        persons: How many different persons there are.
        maxProviderCalls: How often providers would be asked at most, the cap included.
        items: One for each identifier, in order:
            identifier: As given.
            canonical: What is looked up; the same for every spelling.
            duplicateOf: The place of the first identifier of the same person; null for that one.
            remembered: Field by field the ``outcome`` that would be given without asking, and
                ``asOf``, when it was found out.
            maxProviderCalls: Of this item; 0 for a duplicate.
    """
    order = parse_order(await request.body())
    job = new_job(order, caller_of(request), request.state.request_id)
    keys = {item.identifier for item in order.items}
    by_person = {key: _forecast(request, key, job) for key in keys}
    calls = sum(found.most_calls for found in by_person.values())
    cap = job.options.max_provider_calls
    data = {
        "mode": "sync" if job.lane is Lane.SYNC else "async",
        "persons": len(by_person),
        "maxProviderCalls": calls if cap is None else min(calls, cap),
        "items": _items(order, by_person),
    }
    return JsonResponse({"data": data, "meta": {"requestId": request.state.request_id}})


def _forecast(request: Request, key: str, job: Job) -> Forecast:
    return forecast(
        Identifier.parse(key),
        job,
        request.state.providers,
        request.state.standby.remembered(key),
        MaxAge.of(request.state.settings),
    )


def _items(order: Order, by_person: dict[str, Forecast]) -> list[dict[str, Any]]:
    first: dict[str, int] = {}
    items = []
    for item in order.items:
        place = first.setdefault(item.identifier, item.index)
        duplicate_of = None if place == item.index else place
        items.append(_item(item, by_person[item.identifier], duplicate_of))
    return items


def _item(item: Item, found: Forecast, duplicate_of: int | None) -> dict[str, Any]:
    return {
        "identifier": item.given,
        "canonical": item.identifier,
        "duplicateOf": duplicate_of,
        "remembered": {
            name.value: {"outcome": result.outcome, "asOf": result.as_of}
            for name, result in found.remembered.items()
        },
        "maxProviderCalls": 0 if duplicate_of is not None else found.most_calls,
    }
