"""JSON answers, written by the encoder that also writes the records."""

from typing import Any

import msgspec
from starlette.responses import JSONResponse

_encoder = msgspec.json.Encoder()


class JsonResponse(JSONResponse):
    """A JSON answer that passes parts which are already JSON (``msgspec.Raw``) on as they are."""

    def render(self, content: Any) -> bytes:
        """The bytes of ``content``."""
        return _encoder.encode(content)
