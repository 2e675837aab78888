"""The contract of sessions, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.sessions import SessionsAdapter, SessionsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(SessionsContract):
    @pytest.fixture
    def sessions(self) -> SessionsAdapter:
        return MemoryBackend()


class TestSqlite(SessionsContract):
    @pytest.fixture
    async def sessions(self, sqlite_url: str) -> AsyncIterator[SessionsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(SessionsContract):
    @pytest.fixture
    async def sessions(self, postgres_url: str) -> AsyncIterator[SessionsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
