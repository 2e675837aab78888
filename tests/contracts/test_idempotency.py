"""The contract of `IdempotencyRecords`, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.idempotency import IdempotencyAdapter, IdempotencyContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(IdempotencyContract):
    @pytest.fixture
    def adapter(self) -> IdempotencyAdapter:
        return MemoryBackend()


class TestSqlite(IdempotencyContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[IdempotencyAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(IdempotencyContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[IdempotencyAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
