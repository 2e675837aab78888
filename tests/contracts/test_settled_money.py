"""The contract of our money at gateways, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.settled_money import SettledMoneyAdapter, SettledMoneyContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(SettledMoneyContract):
    @pytest.fixture
    def adapter(self) -> SettledMoneyAdapter:
        return MemoryBackend()


class TestSqlite(SettledMoneyContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[SettledMoneyAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(SettledMoneyContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[SettledMoneyAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
