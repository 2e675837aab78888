"""The contract of the workers of jobs, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.job_workers import JobWorkersContract
from tradepost_adapters.contracts.jobs import JobsAdapter
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(JobWorkersContract):
    @pytest.fixture
    def adapter(self) -> JobsAdapter:
        return MemoryBackend()


class TestSqlite(JobWorkersContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[JobsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(JobWorkersContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[JobsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
