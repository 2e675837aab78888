"""The contract of roles, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.roles import RolesAdapter, RolesContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(RolesContract):
    @pytest.fixture
    def roles(self) -> RolesAdapter:
        return MemoryBackend()


class TestSqlite(RolesContract):
    @pytest.fixture
    async def roles(self, sqlite_url: str) -> AsyncIterator[RolesAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(RolesContract):
    @pytest.fixture
    async def roles(self, postgres_url: str) -> AsyncIterator[RolesAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
