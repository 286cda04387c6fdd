from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer
from enrichment_service import EnrichmentService


@pytest.fixture
async def service() -> AsyncIterator[EnrichmentService]:
    service = EnrichmentService()
    server = TestServer(service.app())
    await server.start_server()
    service.url = str(server.make_url("")).rstrip("/")
    yield service
    await server.close()
