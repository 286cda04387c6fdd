"""What the tests of verification start from."""

import pytest
from dns_server import dns_server


@pytest.fixture
async def dns():
    async with dns_server() as server:
        yield server
