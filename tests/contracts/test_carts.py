"""The contract of carts, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.carts import CartsAdapter, CartsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(CartsContract):
    @pytest.fixture
    def adapter(self) -> CartsAdapter:
        return MemoryBackend()


class TestSqlite(CartsContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[CartsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(CartsContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[CartsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
