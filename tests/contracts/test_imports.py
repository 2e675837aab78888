"""The contract of taking orders and products by the hundred, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.imports import ImportsAdapter, ImportsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(ImportsContract):
    @pytest.fixture
    def imports(self) -> ImportsAdapter:
        return MemoryBackend()


class TestSqlite(ImportsContract):
    @pytest.fixture
    async def imports(self, sqlite_url: str) -> AsyncIterator[ImportsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(ImportsContract):
    @pytest.fixture
    async def imports(self, postgres_url: str) -> AsyncIterator[ImportsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
