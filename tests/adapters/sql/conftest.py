from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.adapters.sql.notes import make_notes_file

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite import SqliteTransactions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_notes_file(tmp_path / "notes.db")


@pytest.fixture
async def transactions(path: Path) -> AsyncIterator[SqliteTransactions[Connection]]:
    made: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection, busy_timeout=0.2)
    yield made
    await made.close()
