"""The contract of webhooks to other systems, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.webhooks import WebhooksAdapter, WebhooksContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(WebhooksContract):
    @pytest.fixture
    def webhooks(self) -> WebhooksAdapter:
        return MemoryBackend()


class TestSqlite(WebhooksContract):
    @pytest.fixture
    async def webhooks(self, sqlite_url: str) -> AsyncIterator[WebhooksAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(WebhooksContract):
    @pytest.fixture
    async def webhooks(self, postgres_url: str) -> AsyncIterator[WebhooksAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
