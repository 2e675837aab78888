"""The contract of second factors, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.second_factors import SecondFactorsAdapter, SecondFactorsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(SecondFactorsContract):
    @pytest.fixture
    def factors(self) -> SecondFactorsAdapter:
        return MemoryBackend()


class TestSqlite(SecondFactorsContract):
    @pytest.fixture
    async def factors(self, sqlite_url: str) -> AsyncIterator[SecondFactorsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(SecondFactorsContract):
    @pytest.fixture
    async def factors(self, postgres_url: str) -> AsyncIterator[SecondFactorsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
