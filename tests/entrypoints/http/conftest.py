from collections.abc import AsyncIterator

import httpx
import pytest
from tests.entrypoints.http.toy import Services, application
from tests.entrypoints.http.toy import client as client_of


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application(services)) as client:
        yield client
