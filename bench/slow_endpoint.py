"""An endpoint of the operator's own that takes its time: each answer after so many milliseconds.

python bench/slow_endpoint.py 9000 1000
"""

import asyncio
import sys

from aiohttp import web

ANSWER = {
    "person_known": True,
    "fields": {
        "contact.email": {
            "outcome": "found",
            "values": [{"value": "somebody@northwind.example", "verified": True}],
        }
    },
}


def main() -> None:
    """Serve until stopped."""
    port, milliseconds = int(sys.argv[1]), int(sys.argv[2])

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(milliseconds / 1000)
        return web.json_response(ANSWER)

    application = web.Application()
    application.add_routes([web.post("/people", answer)])
    web.run_app(application, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
