"""What the database itself refuses the ledger, as the first migration of it made it. Never changed.

Append-only: no row of these tables is changed, removed or replaced. On SQLite `INSERT OR REPLACE` removes rows without
calling the triggers of DELETE, so an insert over a row that is there is refused as well.

Whole and balanced: a transfer is committed with all its postings, on accounts that are there, adding up to zero in every
currency, and gets no postings later. Postgres checks that when it commits. SQLite has no triggers at commit, so there
postings come first and the transfer last: inserting it checks them, inserting a posting of a transfer that is there is
refused, and a posting whose transfer never came is a foreign key that points nowhere, which SQLite finds at commit.

In order: on Postgres a transaction that takes positions has a number of its own by then, whether or not it has written
a row. So whoever reads how many positions were given out, and afterward which transactions are running, sees all that
those positions belong to. (A sequence gives out numbers before the row is there, and the row is what begins a transaction.)
"""

from alembic import op

from tradepost_adapters.sql.migrations.columns import on_sqlite

APPEND_ONLY = (
    "ledger_accounts",
    "ledger_transfers",
    "ledger_postings",
    "ledger_snapshots",
    "ledger_snapshot_runs",
    "ledger_blocks",
)
_KEYS = {
    "ledger_accounts": (("code",),),
    "ledger_transfers": (("id",), ("reference",)),
    "ledger_postings": (("position",), ("transfer_id", "line")),
    "ledger_snapshots": (("account", "day", "position"),),
    "ledger_snapshot_runs": (("position",), ("after",)),
    "ledger_blocks": (("number",),),
}
_WHOLE = {
    "ck_ledger_transfers_whole": """
        (SELECT count(*) FROM ledger_postings WHERE transfer_id = NEW.id) <> NEW.entries
        OR EXISTS (SELECT 1 FROM ledger_postings WHERE transfer_id = NEW.id AND at <> NEW.at)
    """,
    "ck_ledger_transfers_accounts": """
        EXISTS (
            SELECT 1 FROM ledger_postings WHERE transfer_id = NEW.id AND NOT EXISTS (
                SELECT 1 FROM ledger_accounts
                WHERE code = ledger_postings.account AND currency = ledger_postings.currency
            )
        )
    """,
    "ck_ledger_transfers_balanced": """
        EXISTS (
            SELECT 1 FROM ledger_postings WHERE transfer_id = NEW.id GROUP BY currency HAVING sum(amount) <> 0
        )
    """,
}

_POSTGRES = (
    """
    CREATE FUNCTION tradepost.ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE FUNCTION tradepost.ledger_begin() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_current_xact_id();
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION tradepost.ledger_check(checked text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        wanted integer;
        moment timestamptz;
        counted integer;
        misplaced integer;
        unbalanced integer;
    BEGIN
        SELECT entries, at INTO wanted, moment FROM tradepost.ledger_transfers WHERE id = checked;
        SELECT coalesce(sum(entries), 0), coalesce(sum(wrong), 0), count(*) FILTER (WHERE amount <> 0)
        INTO counted, misplaced, unbalanced
        FROM (
            SELECT count(*) AS entries, sum(posting.amount) AS amount,
                count(*) FILTER (WHERE account.code IS NULL OR posting.at <> moment) AS wrong
            FROM tradepost.ledger_postings AS posting LEFT JOIN tradepost.ledger_accounts AS account
                ON account.code = posting.account AND account.currency = posting.currency
            WHERE posting.transfer_id = checked GROUP BY posting.currency
        ) AS sums;
        IF wanted IS DISTINCT FROM counted THEN
            RAISE EXCEPTION 'transfer % has % postings and says %', checked, counted, wanted
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transfers_whole';
        ELSIF misplaced > 0 THEN
            RAISE EXCEPTION 'transfer % posts to accounts that are not there, or at another time', checked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transfers_accounts';
        ELSIF unbalanced > 0 THEN
            RAISE EXCEPTION 'transfer % does not add up to zero', checked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transfers_balanced';
        END IF;
    END
    $$
    """,
    """
    CREATE FUNCTION tradepost.ledger_check_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM tradepost.ledger_check(NEW.id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION tradepost.ledger_check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM tradepost.ledger_transfers WHERE id = NEW.transfer_id AND entries =
                (SELECT count(*) FROM tradepost.ledger_postings WHERE transfer_id = NEW.transfer_id)
        ) THEN
            PERFORM tradepost.ledger_check(NEW.transfer_id);
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER ledger_begin BEFORE INSERT ON tradepost.ledger_postings
    FOR EACH STATEMENT EXECUTE FUNCTION tradepost.ledger_begin()
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_check AFTER INSERT ON tradepost.ledger_transfers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tradepost.ledger_check_transfer()
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_check AFTER INSERT ON tradepost.ledger_postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tradepost.ledger_check_posting()
    """,
)
_POSTGRES_FUNCTIONS = (
    "ledger_refuse()",
    "ledger_begin()",
    "ledger_check_transfer()",
    "ledger_check_posting()",
    "ledger_check(text)",
)


def create() -> None:
    for statement in _of_sqlite() if on_sqlite() else _of_postgres():
        op.execute(statement)


def drop() -> None:
    """Once the tables are gone, and with them the triggers."""
    if not on_sqlite():
        for function in _POSTGRES_FUNCTIONS:
            op.execute(f"DROP FUNCTION tradepost.{function}")


def _of_postgres() -> list[str]:
    refusals = [
        f"CREATE TRIGGER ledger_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON tradepost.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION tradepost.ledger_refuse()"
        for table in APPEND_ONLY
    ]
    return [*_POSTGRES, *refusals]


def _of_sqlite() -> list[str]:
    found = []
    for table in APPEND_ONLY:
        found += [
            f"CREATE TRIGGER {table}_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: {change} is refused'); END"
            for change in ("UPDATE", "DELETE")
        ]
        for key in _KEYS[table]:
            same = " AND ".join(f"{column} = NEW.{column}" for column in key)
            names = ", ".join(f"{table}.{column}" for column in key)
            found.append(
                f"CREATE TRIGGER {table}_{key[0]}_again BEFORE INSERT ON {table} WHEN EXISTS ({_row(table, same)})"
                f" BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {names}'); END"
            )
    found.append(
        "CREATE TRIGGER ledger_postings_late BEFORE INSERT ON ledger_postings"
        " WHEN EXISTS (SELECT 1 FROM ledger_transfers WHERE id = NEW.transfer_id)"
        " BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: ck_ledger_transfers_whole'); END"
    )
    found += [
        f"CREATE TRIGGER {name} BEFORE INSERT ON ledger_transfers WHEN {broken}"
        f" BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {name}'); END"
        for name, broken in _WHOLE.items()
    ]
    return found


def _row(table: str, condition: str) -> str:
    return f"SELECT 1 FROM {table} WHERE {condition}"  # noqa: S608 - names of our own tables
