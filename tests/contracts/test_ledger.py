"""The contract of the ledger, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.ledger import LedgerAdapter, LedgerContract, books
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend

__all__ = ["books"]


class TestMemory(LedgerContract):
    @pytest.fixture
    def ledger(self) -> LedgerAdapter:
        return MemoryBackend()


class TestSqlite(LedgerContract):
    @pytest.fixture
    async def ledger(self, sqlite_url: str) -> AsyncIterator[LedgerAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(LedgerContract):
    @pytest.fixture
    async def ledger(self, postgres_url: str) -> AsyncIterator[LedgerAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
