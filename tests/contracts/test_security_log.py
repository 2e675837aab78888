"""The contract of the security trail, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.security_log import SecurityLogAdapter, SecurityLogContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(SecurityLogContract):
    @pytest.fixture
    def trail(self) -> SecurityLogAdapter:
        return MemoryBackend()


class TestSqlite(SecurityLogContract):
    @pytest.fixture
    async def trail(self, sqlite_url: str) -> AsyncIterator[SecurityLogAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(SecurityLogContract):
    @pytest.fixture
    async def trail(self, postgres_url: str) -> AsyncIterator[SecurityLogAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
