"""The contract of customers, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.customers import CustomersAdapter, CustomersContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(CustomersContract):
    @pytest.fixture
    def customers(self) -> CustomersAdapter:
        return MemoryBackend()


class TestSqlite(CustomersContract):
    @pytest.fixture
    async def customers(self, sqlite_url: str) -> AsyncIterator[CustomersAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(CustomersContract):
    @pytest.fixture
    async def customers(self, postgres_url: str) -> AsyncIterator[CustomersAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
