"""The contract of links that are good once, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.one_time_tokens import OneTimeTokensAdapter, OneTimeTokensContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(OneTimeTokensContract):
    @pytest.fixture
    def links(self) -> OneTimeTokensAdapter:
        return MemoryBackend()


class TestSqlite(OneTimeTokensContract):
    @pytest.fixture
    async def links(self, sqlite_url: str) -> AsyncIterator[OneTimeTokensAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(OneTimeTokensContract):
    @pytest.fixture
    async def links(self, postgres_url: str) -> AsyncIterator[OneTimeTokensAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
