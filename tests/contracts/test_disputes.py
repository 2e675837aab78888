"""The contract of disputes, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.disputes import DisputesAdapter, DisputesContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(DisputesContract):
    @pytest.fixture
    def adapter(self) -> DisputesAdapter:
        return MemoryBackend()


class TestSqlite(DisputesContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[DisputesAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(DisputesContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[DisputesAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
