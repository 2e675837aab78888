"""The contract of stock, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.stock import StockAdapter, StockContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(StockContract):
    @pytest.fixture
    def stock(self) -> StockAdapter:
        return MemoryBackend()


class TestSqlite(StockContract):
    @pytest.fixture
    async def stock(self, sqlite_url: str) -> AsyncIterator[StockAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(StockContract):
    @pytest.fixture
    async def stock(self, postgres_url: str) -> AsyncIterator[StockAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
