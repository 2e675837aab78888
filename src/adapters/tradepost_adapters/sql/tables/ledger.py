"""The ledger: accounts, transfers and their postings; sums of them; the chain that seals them.

Nothing here but the balances of accounts with a floor, and the marks, is ever changed: triggers, which no metadata
describes, refuse it, and they refuse to commit a transfer that does not add up.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import RowId, UtcDateTime

_SORTED_TEXT = Text().with_variant(Text(collation="C"), "postgresql")  # by code point, as everybody else sorts them

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("code", _SORTED_TEXT, primary_key=True),
    Column("name", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("floor", BigInteger),
    Column("opened_at", UtcDateTime, nullable=False),
)

ledger_balances = Table(
    "ledger_balances",
    metadata,
    Column("account", _SORTED_TEXT, primary_key=True),
    Column("balance", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    CheckConstraint("balance >= floor", name="floor"),
)
"""Of accounts with a floor alone: a row that everything posts to would make everybody wait for everybody."""

ledger_transfers = Table(
    "ledger_transfers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    UniqueConstraint("reference"),
    CheckConstraint("entries >= 2", name="entries"),
    Index("ix_ledger_transfers_at", "at", "id"),
)

# No foreign key to the accounts: it would lock the row of an account that everything posts to. They are never removed, and
# the trigger that checks a transfer looks for them.
ledger_postings = Table(
    "ledger_postings",
    metadata,
    Column("position", RowId, Identity(), primary_key=True),
    Column(
        "transfer_id",
        Text,
        ForeignKey(ledger_transfers.c.id, deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Column("line", Integer, nullable=False),
    Column("account", _SORTED_TEXT, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("subject", Text),
    UniqueConstraint("transfer_id", "line"),
    CheckConstraint("amount <> 0", name="amount"),
    Index("ix_ledger_postings_account", "account", "position"),
    Index("ix_ledger_postings_account_at", "account", "at", "position"),
    Index(
        "ix_ledger_postings_subject",
        "subject",
        "position",
        sqlite_where=text("subject IS NOT NULL"),
        postgresql_where=text("subject IS NOT NULL"),
    ),
)

ledger_snapshot_runs = Table(
    "ledger_snapshot_runs",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("after", BigInteger, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    UniqueConstraint("after"),
)

ledger_snapshots = Table(
    "ledger_snapshots",
    metadata,
    Column("account", _SORTED_TEXT, nullable=False),
    Column("day", UtcDateTime, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("account", "day", "position"),
)

ledger_blocks = Table(
    "ledger_blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("last_position", BigInteger, nullable=False),
    Column("seals", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
)

ledger_marks = Table(
    "ledger_marks",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("horizon", BigInteger, nullable=False),
)
"""Positions given out, and the first transaction that had not begun by then. Used on Postgres alone."""
