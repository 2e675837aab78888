"""The contracts of the catalog, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.catalog import CatalogAdapter, CatalogContract
from tradepost_adapters.contracts.product_views import ProductViewsContract
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(CatalogContract, ProductViewsContract):
    @pytest.fixture
    def catalog(self) -> CatalogAdapter:
        return MemoryBackend()


class TestSqlite(CatalogContract, ProductViewsContract):
    @pytest.fixture
    async def catalog(self, sqlite_url: str) -> AsyncIterator[CatalogAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(CatalogContract, ProductViewsContract):
    @pytest.fixture
    async def catalog(self, postgres_url: str) -> AsyncIterator[CatalogAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
