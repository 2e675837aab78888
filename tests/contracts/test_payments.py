"""The contract of orders and their money, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.payments import PaymentsAdapter, PaymentsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(PaymentsContract):
    @pytest.fixture
    def adapter(self) -> PaymentsAdapter:
        return MemoryBackend()


class TestSqlite(PaymentsContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[PaymentsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(PaymentsContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[PaymentsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
