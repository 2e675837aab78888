"""The contract of machines' keys, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.api_keys import ApiKeysAdapter, ApiKeysContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(ApiKeysContract):
    @pytest.fixture
    def keys(self) -> ApiKeysAdapter:
        return MemoryBackend()


class TestSqlite(ApiKeysContract):
    @pytest.fixture
    async def keys(self, sqlite_url: str) -> AsyncIterator[ApiKeysAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(ApiKeysContract):
    @pytest.fixture
    async def keys(self, postgres_url: str) -> AsyncIterator[ApiKeysAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
