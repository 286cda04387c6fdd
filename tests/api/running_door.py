"""A front door that listens on the loopback, on a Kafka of lists in memory."""

import asyncio
import contextlib
import threading

import uvicorn
from front_door import open_door

from api.server import http_config, listen_on


@contextlib.contextmanager
def running_door(data_dir, kafka, **settings):
    """The address of a front door that runs in a thread."""

    @contextlib.asynccontextmanager
    async def opened():
        async with open_door(data_dir, kafka, **settings) as (services, app):
            yield app, services["settings"]

    with running(opened) as address:
        yield address


@contextlib.contextmanager
def running(opened):
    """The address of an application that runs in a thread, under uvicorn as in production.

    ``opened`` is an asynchronous context that gives the application and its settings.
    """
    started, stop = threading.Event(), threading.Event()
    address = []

    async def serve():
        async with opened() as (app, settings):
            listener = listen_on("127.0.0.1", 0)
            listener.listen()  # already now, so that nobody is refused before the server is up
            server = uvicorn.Server(http_config(app, settings))
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
