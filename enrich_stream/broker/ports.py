"""Free ports on loopback that stay free while a broker restarts."""

import random
import socket
from contextlib import closing

from enrich_stream.errors import SetupError

# Below every system's range for outgoing connections: a client that reconnects while the broker is
# down could otherwise be given the broker's own port, and keep it from coming back.
_LOWEST, _HIGHEST = 12_000, 31_999
_ATTEMPTS = 200


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    for _ in range(_ATTEMPTS):
        port = random.randint(_LOWEST, _HIGHEST)  # noqa: S311 - not a secret
        if is_free(port):
            return port
    raise SetupError(f"no free port between {_LOWEST} and {_HIGHEST} on 127.0.0.1")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with closing(socket.socket()) as listener:
        # As servers do: connections that are still winding down are no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
