"""What every handler finds in ``request.state``."""

from collections.abc import Sequence
from typing import TypedDict

from api.events import OpenStreams
from api.publisher import Publisher
from api.rate_limiter import RateLimiter
from api.standby import Standby
from enrich_stream.key_ring import KeyRing
from enrich_stream.providers.base import Provider
from enrich_stream.settings import Settings


class Services(TypedDict):
    """The long-lived parts of a front door.

    The providers are never started here: only what they are able to answer is asked.
    """

    settings: Settings
    keys: KeyRing
    rate_limiter: RateLimiter
    publisher: Publisher
    standby: Standby
    providers: Sequence[Provider]
    open_streams: OpenStreams
