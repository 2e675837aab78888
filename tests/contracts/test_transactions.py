"""The contract of `Transactions`, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest
from tests.contracts.probes import MemoryProbes, SqlProbes

from tradepost_adapters.contracts.probes import TransactionsAdapter
from tradepost_adapters.contracts.transactions import TransactionsContract


class TestMemory(TransactionsContract):
    SEVERAL_LOOPS = True

    @pytest.fixture
    def adapter(self) -> TransactionsAdapter:
        return MemoryProbes()


class TestSqlite(TransactionsContract):
    SEVERAL_LOOPS = True

    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[TransactionsAdapter]:
        probes = await SqlProbes.open(sqlite_url)
        yield probes
        await probes.close()


class TestPostgres(TransactionsContract):
    SEVERAL_LOOPS = False  # asyncpg's connections belong to the loop that opened them

    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[TransactionsAdapter]:
        probes = await SqlProbes.open(postgres_url)
        yield probes
        await probes.close()
