"""What every handler finds in ``request.state``."""

from typing import TypedDict

from api.events import OpenStreams
from api.publisher import Publisher
from api.standby import Standby
from enrich_stream.settings import Settings


class Services(TypedDict):
    """The long-lived parts of a front door."""

    settings: Settings
    publisher: Publisher
    standby: Standby
    open_streams: OpenStreams
