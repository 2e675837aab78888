"""The contract of stored webhooks, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.webhook_events import WebhookEventsAdapter, WebhookEventsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(WebhookEventsContract):
    @pytest.fixture
    def adapter(self) -> WebhookEventsAdapter:
        return MemoryBackend()


class TestSqlite(WebhookEventsContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[WebhookEventsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(WebhookEventsContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[WebhookEventsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
