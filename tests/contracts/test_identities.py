"""The contract of accounts elsewhere, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.identities import IdentitiesAdapter, IdentitiesContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(IdentitiesContract):
    @pytest.fixture
    def elsewhere(self) -> IdentitiesAdapter:
        return MemoryBackend()


class TestSqlite(IdentitiesContract):
    @pytest.fixture
    async def elsewhere(self, sqlite_url: str) -> AsyncIterator[IdentitiesAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(IdentitiesContract):
    @pytest.fixture
    async def elsewhere(self, postgres_url: str) -> AsyncIterator[IdentitiesAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
