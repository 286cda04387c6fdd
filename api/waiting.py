"""Waiting for a job instead of asking again and again: ``Prefer: wait=N`` of RFC 7240."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request

from api.job_row import JobView
from api.standby import Standby

MAX_WAIT_SECONDS = 60
RETRY_AFTER_SECONDS = 2
"""When to ask again for a job that has not ended."""

_MAX_DIGITS = 9


def preferred_wait(request: Request) -> int | None:
    """How many seconds the caller would wait, at most 60; None when it does not say."""
    given = request.headers.getlist("Prefer")
    if not given:
        return None
    for preference in ",".join(given).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() != "wait":
            continue
        seconds = value.strip().strip('"')
        # A preference that makes no sense is to be ignored, and only the first one counts.
        sensible = seconds.isascii() and seconds.isdigit() and len(seconds) <= _MAX_DIGITS
        return min(int(seconds), MAX_WAIT_SECONDS) if sensible else None
    return None


def waiting_headers(wait: int | None, *, is_complete: bool) -> dict[str, str]:
    """What an answer says about waiting: how long it may have, and when to ask again."""
    applied = {} if wait is None else {"Preference-Applied": f"wait={wait}"}
    return applied if is_complete else applied | {"Retry-After": str(RETRY_AFTER_SECONDS)}


async def until(
    is_enough: Callable[[JobView | None], bool], request: Request, job_id: str, seconds: float
) -> JobView | None:
    """The job once it ``is_enough``, or as it is when ``seconds`` are over.

    The standby wakes the wait. It also ends when the caller has hung up, for nobody reads the
    answer then, and in time for the front door to stop.
    """
    standby: Standby = request.state.standby
    end = asyncio.get_running_loop().time() + seconds
    with standby.watch(job_id) as changed:
        hung_up = asyncio.create_task(_until_hung_up(request))
        hung_up.add_done_callback(lambda _: changed.set())
        try:
            async with asyncio.timeout_at(end) as limit:
                while not (is_enough(standby.view(job_id)) or hung_up.done()):
                    limit.reschedule(min(end, standby.last_moment))
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            pass
        finally:
            hung_up.cancel()
    return standby.view(job_id)


async def _until_hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
