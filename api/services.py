"""What every handler finds in ``request.state``."""

from typing import TypedDict

from api.publisher import Publisher
from api.rate_limiter import RateLimiter
from api.standby import Standby
from enrich_stream.key_ring import KeyRing
from enrich_stream.settings import Settings


class Services(TypedDict):
    """The long-lived parts of a front door."""

    settings: Settings
    keys: KeyRing
    rate_limiter: RateLimiter
    publisher: Publisher
    standby: Standby
