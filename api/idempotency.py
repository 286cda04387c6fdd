"""``Idempotency-Key``: a repeated request is the same job, on any front door and after a restart.

Whoever uses a key first writes a claim of it to a topic, and then reads that topic back as far as
its own claim: of all claims of the key up to there the first holds. So front doors that get the
same key at the same moment agree on one job without asking each other, also when they were sent
different orders; and only then is a job sent off.
"""

import hashlib

import msgspec
from starlette.requests import Request

from api.caller import caller_of
from api.order import Order
from api.problems import Problem, unavailable
from enrich_stream.errors import UnavailableError
from enrich_stream.records import VERSION, IdempotencyKeyClaimed, Job

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
MAX_KEY_CHARS = 256

_canonical = msgspec.json.Encoder(order="sorted")


def claim_key(request: Request) -> str | None:
    """Under what the request's key is claimed; None when it has none.

    Raises:
        Problem: 400 when the header is empty or too long.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not 1 <= len(given) <= MAX_KEY_CHARS:
        raise Problem(400, f"{HEADER} must have 1 to {MAX_KEY_CHARS} characters.")
    # A zero byte is in neither, so no two pairs give the same text.
    text = f"{caller_of(request).organisation}\0{given}"
    return hashlib.sha256(text.encode()).hexdigest()


def known_claim(request: Request, key: str, order: Order) -> IdempotencyKeyClaimed | None:
    """The claim that holds already, as far as this front door has read.

    Raises:
        Problem: 422 when it is of another order.
    """
    claim: IdempotencyKeyClaimed | None = request.state.standby.claim(key)
    return None if claim is None else _same(claim, order)


async def new_claim(request: Request, key: str, order: Order, job: Job) -> IdempotencyKeyClaimed:
    """The claim that holds, which is ours when its job is ``job``.

    Raises:
        Problem: 422 when it is of another order, 503 when Kafka does not tell in time.
    """
    ours = IdempotencyKeyClaimed(
        version=VERSION, job_id=job.id, accepted_at=job.accepted_at, order_hash=_hash(order)
    )
    try:
        written = await request.state.publisher.claim(key, ours)
        await request.state.standby.until_read(written, request.state.settings.catch_up_seconds)
    except UnavailableError:
        raise unavailable(f"{HEADER} could not be checked. Nothing was started.") from None
    return _same(request.state.standby.claim(key) or ours, order)


async def is_under_way(request: Request, job_id: str) -> bool:
    """Whether the job of an earlier claim is durable; who claimed it may just be sending it."""
    view = await request.state.standby.view_when(
        job_id, lambda _: True, request.state.settings.catch_up_seconds
    )
    return view is not None


def _same(claim: IdempotencyKeyClaimed, order: Order) -> IdempotencyKeyClaimed:
    if claim.order_hash != _hash(order):
        raise Problem(
            422,
            f"This {HEADER} was used before with another body. Send the body it was used with,"
            " or use a new key.",
        )
    return claim


def _hash(order: Order) -> str:
    """What is ordered, whatever the bytes: spaces, order of members and defaults do not count."""
    content = {
        "kind": order.kind,
        "persons": [item.given for item in order.items],
        "fields": sorted(order.fields),
        "signals_config": order.signals_config,
        "options": order.options,
    }
    return hashlib.sha256(_canonical.encode(content)).hexdigest()
