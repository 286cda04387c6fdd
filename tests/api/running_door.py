"""A front door that listens on the loopback, on a Kafka of lists in memory."""

import asyncio
import contextlib
import threading

import uvicorn
from front_door import open_door

from api.server import http_config, listen_on


@contextlib.contextmanager
def running_door(data_dir, kafka, **settings):
    """The address of a front door that runs in a thread, under uvicorn as in production."""
    started, stop = threading.Event(), threading.Event()
    address = []

    async def serve():
        async with open_door(data_dir, kafka, **settings) as (services, app):
            listener = listen_on("127.0.0.1", 0)
            server = uvicorn.Server(http_config(app, services["settings"]))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            address.append(listener.getsockname())
            started.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(30)
    try:
        yield address[0]
    finally:
        stop.set()
        thread.join()
