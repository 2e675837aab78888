"""The contract of the history of jobs, held against memory, SQLite and Postgres."""

from collections.abc import AsyncIterator

import pytest

from tradepost_adapters.contracts.job_history import JobHistoryContract
from tradepost_adapters.contracts.jobs import JobsAdapter
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(JobHistoryContract):
    @pytest.fixture
    def adapter(self) -> JobsAdapter:
        return MemoryBackend()


class TestSqlite(JobHistoryContract):
    @pytest.fixture
    async def adapter(self, sqlite_url: str) -> AsyncIterator[JobsAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(JobHistoryContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[JobsAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()
