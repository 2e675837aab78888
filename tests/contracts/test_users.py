"""The contract of users, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.users import UsersAdapter, UsersContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(UsersContract):
    @pytest.fixture
    def users(self) -> UsersAdapter:
        return MemoryBackend()


class TestSqlite(UsersContract):
    @pytest.fixture
    async def users(self, sqlite_url: str) -> AsyncIterator[UsersAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(UsersContract):
    @pytest.fixture
    async def users(self, postgres_url: str) -> AsyncIterator[UsersAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
