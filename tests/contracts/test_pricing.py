"""The contract of pricing, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.pricing import PricingAdapter, PricingContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(PricingContract):
    @pytest.fixture
    def pricing(self) -> PricingAdapter:
        return MemoryBackend()


class TestSqlite(PricingContract):
    @pytest.fixture
    async def pricing(self, sqlite_url: str) -> AsyncIterator[PricingAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(PricingContract):
    @pytest.fixture
    async def pricing(self, postgres_url: str) -> AsyncIterator[PricingAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
