import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from tests.adapters.sql.structure import Structure, is_ours, our_tables, structure

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.migrations import _connected, migrate_down, migrate_up, migration_status
from tradepost_adapters.sql.revisions import VERSION_TABLE, head
from tradepost_adapters.sql.tables import whole_metadata

T = TypeVar("T")


def ask(url: str, question: Callable[[Connection], T]) -> T:
    return _connected(url, question, writing=False)


def differences(connection: Connection) -> list[Any]:
    options = {"version_table": VERSION_TABLE, "include_name": _ours}
    return compare_metadata(MigrationContext.configure(connection, opts=options), whole_metadata())


def _ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or is_ours(str(name))


def fingerprint(connection: Connection) -> list[tuple[Any, ...]]:
    """Everything the database itself says about what is in it."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"))
        # line by line, as the constraints of a table that was made anew are in no certain order
        return [
            (kind, name, sorted(line.rstrip(", ") for line in (sql or "").splitlines())) for kind, name, sql in found
        ]
    found = connection.execute(
        text(
            "SELECT 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')"
            " FROM information_schema.columns WHERE table_schema = 'tradepost'"
            " UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'tradepost'::regnamespace"
            " UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'tradepost'"
            " UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
            " UNION ALL SELECT 'sequence', sequencename, '' FROM pg_sequences WHERE schemaname = 'tradepost'"
            " UNION ALL SELECT 'function', proname, prosrc FROM pg_proc"
            " WHERE pronamespace = 'tradepost'::regnamespace ORDER BY 1, 2, 3"
        )
    )
    return [tuple(row) for row in found]


def test_migrating_up_gives_exactly_the_tables_that_the_repositories_know(database_url: str) -> None:
    assert ask(database_url, differences) == []
    tables = set(ask(database_url, our_tables))
    assert tables == {*whole_metadata().tables, VERSION_TABLE}


@pytest.fixture
def declared(request: pytest.FixtureRequest, database_url: str) -> Structure:
    """What the metadata declares, as the same kind of database holds it when nothing else has made it."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgres"
    url: str = request.getfixturevalue(f"empty_{kind}_url")
    _connected(url, whole_metadata().create_all, writing=True)
    return ask(url, structure)


def test_what_the_migrations_make_and_what_the_metadata_declares_is_the_same_to_the_last_index(
    database_url: str, declared: Structure
) -> None:
    assert ask(database_url, structure) == declared


PRICES = """
    CREATE TABLE variant_prices (
        variant_id TEXT NOT NULL, currency TEXT NOT NULL, amount BIGINT NOT NULL,
        CONSTRAINT pk_variant_prices PRIMARY KEY (variant_id, currency),
        CONSTRAINT fk_variant_prices_variant_id FOREIGN KEY (variant_id) REFERENCES variants (id),
        CONSTRAINT ck_variant_prices_amount CHECK (amount >= 0)
    )
"""
REMAKE = ("DROP TABLE variant_prices", PRICES)


def remade(old: str, new: str) -> tuple[str, str]:
    assert old in PRICES
    return "DROP TABLE variant_prices", PRICES.replace(old, new)


@pytest.mark.parametrize(
    ("drift", "kinds"),
    [
        (REMAKE, set()),
        (("CREATE TABLE more (id TEXT)",), {"table", "column", "primary key"}),
        (("ALTER TABLE tax_rates ADD COLUMN more TEXT",), {"column"}),
        (("ALTER TABLE tax_rates DROP COLUMN rate",), {"column"}),
        (("CREATE INDEX ix_more ON orders (total)",), {"index"}),
        (("DROP INDEX ix_orders_pending",), {"index"}),
        (("DROP INDEX ix_orders_pending", "CREATE INDEX ix_orders_pending ON orders (expires_at)"), {"index"}),
        (remade("amount BIGINT", "amount INTEGER"), {"column"}),
        (remade("amount BIGINT NOT NULL", "amount BIGINT"), {"column"}),
        (remade("amount BIGINT NOT NULL", "amount BIGINT NOT NULL DEFAULT 1"), {"column"}),
        (remade("CHECK (amount >= 0)", "CHECK (amount > 0)"), {"check", "constraint"}),
        (remade(",\n        CONSTRAINT ck_variant_prices_amount CHECK (amount >= 0)", ""), {"check", "constraint"}),
        (remade("(variant_id) REFERENCES variants (id)", "(currency) REFERENCES products (id)"), {"foreign key", "constraint"}),
        (remade("CHECK", "UNIQUE (amount), CHECK"), {"unique", "check", "constraint", "index"}),
    ],
    ids=lambda value: None if isinstance(value, set) else value[-1].split("(")[0].strip(),
)  # fmt: skip
def test_a_drift_between_migrations_and_metadata_would_be_seen(
    database_url: str, declared: Structure, drift: tuple[str, ...], kinds: set[str]
) -> None:
    def change(connection: Connection) -> None:
        for statement in drift:
            end = " WITHOUT ROWID" if "CREATE TABLE variant" in statement and "sqlite" in database_url else ""
            connection.execute(text(statement + end))

    _connected(database_url, change, writing=True)
    seen = {kind for kind, *_ in ask(database_url, structure) ^ declared}
    assert seen <= kinds
    assert bool(seen) == bool(kinds)


def test_up_down_and_up_again_ends_where_it_was(database_url: str) -> None:
    before = ask(database_url, fingerprint)
    migrate_down(database_url, "base")
    tables = ask(database_url, our_tables)
    assert tables == [VERSION_TABLE]
    migrate_up(database_url)
    assert ask(database_url, fingerprint) == before


def test_the_status_says_what_is_pending(empty_postgres_url: str, database_url: str) -> None:
    fresh = migration_status(empty_postgres_url)
    assert (fresh.current, fresh.head) == (None, head())
    assert fresh.pending[-1] == head()
    done = migration_status(database_url)
    assert (done.current, done.pending) == (head(), ())


def test_asking_for_the_status_changes_nothing(empty_postgres_url: str, tmp_path: Path) -> None:
    migration_status(empty_postgres_url)
    schemas = ask(empty_postgres_url, lambda connection: inspect(connection).get_schema_names())
    assert "tradepost" not in schemas
    missing = migration_status(f"sqlite:///{tmp_path}/nothing.db")
    assert (missing.current, missing.pending[-1]) == (None, missing.head)
    assert list(tmp_path.iterdir()) == []


def test_migrating_twice_at_once_happens_once(empty_database_url: str) -> None:
    errors: list[BaseException] = []

    def migrate() -> None:
        try:
            migrate_up(empty_database_url)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert ask(empty_database_url, differences) == []


async def test_migrating_works_inside_a_running_event_loop(empty_database_url: str) -> None:
    migrate_up(empty_database_url)
    assert migration_status(empty_database_url).pending == ()


def test_a_revision_that_does_not_exist_is_said_so(database_url: str) -> None:
    for step in (migrate_up, migrate_down):
        with pytest.raises(TradepostError) as caught:
            step(database_url, "0815")
        assert caught.value.code == "migrations.unknown_revision"


def test_a_migration_that_fails_leaves_nothing(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
        with pytest.raises(ZeroDivisionError):
            migrate_up(empty_database_url)
    assert migration_status(empty_database_url).current is None
    assert ask(empty_database_url, our_tables) in ([], [VERSION_TABLE])
    migrate_up(empty_database_url)


def test_a_hosts_own_tables_are_left_alone(empty_postgres_url: str) -> None:
    def make(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE public.orders (id int)"))

    _connected(empty_postgres_url, make, writing=True)
    migrate_up(empty_postgres_url)
    assert ask(empty_postgres_url, differences) == []
    migrate_down(empty_postgres_url, "base")
    assert ask(empty_postgres_url, lambda c: inspect(c).get_table_names(schema="public")) == ["orders"]


def test_a_database_that_is_away_is_unavailable(tmp_path: Path) -> None:
    for url in (f"postgresql://postgres@/x?host={tmp_path}", f"sqlite:///{tmp_path}/no/such/directory.db"):
        with pytest.raises(Unavailable):
            migrate_up(url)
