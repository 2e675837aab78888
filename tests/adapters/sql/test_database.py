from pathlib import Path

import pytest
from sqlalchemy import Integer, column, select, text

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.database import Database, open_database
from tradepost_adapters.sql.migrations import _connected, migrate_down
from tradepost_adapters.sql.revisions import VERSION_TABLE, head
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.urls import postgres_dsn, sqlite_path

TWO = Statement(select(column("two", Integer)).select_from(text("(SELECT 2 AS two) AS numbers")), name="two")


def same(connection: Connection) -> Connection:
    return connection


async def test_the_url_chooses_the_database(database_url: str) -> None:
    database = await open_database(database_url, same)

    async def work(tx: Connection) -> list[tuple[object, ...]]:
        return await tx.all(TWO)

    assert database_url.startswith(database.dialect)
    assert database.transactions is not None
    assert await database.transactions.run(work) == [(2,)]
    assert await database.reads.one(TWO) == (2,)
    assert await database.revision() == head()
    await database.ping()
    await database.close()
    with pytest.raises(Unavailable):
        await database.ping()
    with pytest.raises(Unavailable):
        await database.transactions.run(work)


async def test_a_database_without_tables_says_how_to_make_them(empty_database_url: str) -> None:
    with pytest.raises(TradepostError, match="tradepost migrate up") as caught:
        await open_database(empty_database_url, same)
    assert (caught.value.kind, caught.value.code) == (Kind.UNAVAILABLE, "database.not_migrated")


async def test_opening_does_not_make_a_file(tmp_path: Path) -> None:
    with pytest.raises(TradepostError, match="migrate"):
        await open_database(f"sqlite:///{tmp_path}/shop.db", same)
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nothing else runs meanwhile


async def test_a_database_that_was_taken_down_is_not_migrated(database_url: str) -> None:
    migrate_down(database_url, "base")
    with pytest.raises(TradepostError, match="has no tables"):
        await open_database(database_url, same)


@pytest.mark.parametrize(("revision", "usable"), [("0000", False), ("9999", True)])
async def test_an_older_database_is_refused_and_a_newer_one_is_not(
    database_url: str, revision: str, usable: bool
) -> None:
    _connected(
        database_url,
        lambda connection: connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")),  # noqa: S608
        writing=True,
    )
    database = Database(database_url, same)
    if usable:
        await database.open()
        await database.close()
    else:
        with pytest.raises(TradepostError, match=f"at revision {revision}"):
            await database.open()


@pytest.mark.parametrize("url", ["mysql://user:secret@host/db", "user:secret@host", "", "oracle+x://secret"])
def test_other_databases_are_refused_helpfully_and_without_the_password(url: str) -> None:
    with pytest.raises(TradepostError, match="postgresql://user:password@host") as caught:
        Database(url, same)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://host/shop.db"])
def test_a_sqlite_database_has_to_be_a_file(url: str) -> None:
    with pytest.raises(TradepostError, match="is a file"):
        Database(url, same)


def test_urls_mean_what_people_expect() -> None:
    assert sqlite_path("sqlite:///shop.db") == Path("shop.db")
    assert sqlite_path("sqlite+aiosqlite:////srv/my%20shop.db") == Path("/srv/my shop.db")
    for url in ("postgres://u@h/d", "postgresql+asyncpg://u@h/d", "postgresql://u@h/d"):
        assert postgres_dsn(url) == "postgresql://u@h/d"
