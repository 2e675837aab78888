"""The contract of messaging, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.messaging import MessagingAdapter, MessagingContract
from tradepost_adapters.contracts.parking import ParkingContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(MessagingContract, ParkingContract):
    @pytest.fixture
    def adapter(self) -> MessagingAdapter:
        return MemoryBackend()


class TestSqlite(MessagingContract, ParkingContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[MessagingAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(MessagingContract, ParkingContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[MessagingAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
