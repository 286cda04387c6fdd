"""The access key of a machine of one's own: made once, kept beside the data it opens."""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from enrich_stream import clock
from enrich_stream.access_keys import create_key, opens
from enrich_stream.key_ring import KeyRing, key_consumer, write_key
from enrich_stream.topics import Topic

ORGANISATION = "default"
"""The same as that of callers without a key, so that their jobs stay theirs."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Both halves of an access key, as a client sends them."""

    access_key: str
    secret_key: str

    def headers(self) -> dict[str, str]:
        """What goes with each request."""
        return {"X-Access-Key": self.access_key, "X-Secret-Key": self.secret_key}

    def environment(self) -> str:
        """The lines that `enrich-stream submit` and a shell understand."""
        return f"ENRICH_ACCESS_KEY={self.access_key}\nENRICH_SECRET_KEY={self.secret_key}\n"


async def new_key(
    bootstrap_servers: str, topic: Topic, name: str, *, hours: float | None = None
) -> Credentials:
    """A key that works from now on, for some hours or for ever."""
    expires_at = clock.present() + timedelta(hours=hours) if hours else None
    key, secret = create_key(ORGANISATION, name=name, expires_at=expires_at)
    await write_key(bootstrap_servers, topic, key)
    return Credentials(key.id, secret)


async def kept_key(file: Path, bootstrap_servers: str, topic: Topic) -> Credentials:
    """The key in ``file`` if this Kafka still knows it, else a new one, which is kept there."""
    kept = _read(file)
    async with KeyRing(key_consumer(bootstrap_servers), topic) as keys:
        if kept and opens(keys.find(kept.access_key), kept.access_key, kept.secret_key):
            return kept
    made = await new_key(bootstrap_servers, topic, "dev")
    # Not for others to read, from the first byte on.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(made.environment())
    return made


def _read(file: Path) -> Credentials | None:
    if not file.exists():
        return None
    found = re.fullmatch(r"ENRICH_ACCESS_KEY=(\S+)\nENRICH_SECRET_KEY=(\S+)\n", file.read_text())
    return Credentials(found[1], found[2]) if found else None
