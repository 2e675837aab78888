"""Real servers and fresh databases for every test that names them. They start when first asked for.

What needs a driver is imported where it is used, so that the tests of the core run without any.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.nats_servers import private_nats
from tests.servers import private_valkey, shared_postgres

SLOWEST_FIRST = (
    "docs/test_examples.py",
    "kills",
    "entrypoints/cli/test_serving.py",
    "entrypoints/cli/test_import.py",
    "load",
    "entrypoints/http/test_event_stream_kills.py",
    "adapters/nats",
    "contracts/test_broker.py",
    "contracts/test_nats_broker.py",
    "docs/test_add_an_event.py",
    "entrypoints/cli",
    "adapters/sql/test_job_processes.py",
    "shop",
)
"""Files are handed to two processes in turn: a slow one that comes last would leave one of them idle."""

if TYPE_CHECKING:
    from tests.databases import PostgresDatabases, SqliteDatabases


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        return next((n for n, slow in enumerate(SLOWEST_FIRST) if path.startswith(slow)), len(SLOWEST_FIRST))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running PostgreSQL's maintenance database."""
    with shared_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> "Iterator[PostgresDatabases]":
    from tests.databases import PostgresDatabases

    databases = PostgresDatabases(postgres_server)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> "SqliteDatabases":
    from tests.databases import SqliteDatabases

    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def postgres_url(postgres_databases: "PostgresDatabases") -> Iterator[str]:
    """A fresh PostgreSQL database with all tables."""
    with postgres_databases.migrated() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_databases: "PostgresDatabases") -> Iterator[str]:
    """A fresh PostgreSQL database without any table."""
    with postgres_databases.empty() as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_databases: "SqliteDatabases", tmp_path: Path) -> str:
    """A fresh SQLite file with all tables."""
    return sqlite_databases.migrated(tmp_path / "tradepost.db")


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with all tables; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database without any table, on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue("empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url")
    return url


@pytest.fixture(scope="session")
def nats_server() -> Iterator[str]:
    """The URL of a running NATS with JetStream; what is kept there has a name of its own for each test."""
    with private_nats() as url:
        yield url


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The URL of a running Valkey (or Redis) that this run may empty."""
    with private_valkey() as url:
        yield url
