"""The contract of familiar addresses, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.familiar_addresses import FamiliarAddressesAdapter, FamiliarAddressesContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(FamiliarAddressesContract):
    @pytest.fixture
    def places(self) -> FamiliarAddressesAdapter:
        return MemoryBackend()


class TestSqlite(FamiliarAddressesContract):
    @pytest.fixture
    async def places(self, sqlite_url: str) -> AsyncIterator[FamiliarAddressesAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(FamiliarAddressesContract):
    @pytest.fixture
    async def places(self, postgres_url: str) -> AsyncIterator[FamiliarAddressesAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
