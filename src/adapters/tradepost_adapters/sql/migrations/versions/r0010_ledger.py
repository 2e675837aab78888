"""The ledger."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations import ledger_guards
from tradepost_adapters.sql.migrations.columns import INSTANT, ROW_ID, SORTED_TEXT, where

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = (
    "ledger_marks",
    "ledger_blocks",
    "ledger_snapshots",
    "ledger_snapshot_runs",
    "ledger_postings",
    "ledger_transfers",
    "ledger_balances",
    "ledger_accounts",
)


def upgrade() -> None:
    _create_accounts()
    _create_transfers()
    _create_sums()
    ledger_guards.create()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    ledger_guards.drop()


def _create_accounts() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("code", SORTED_TEXT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("floor", sa.BigInteger),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_ledger_accounts"),
    )
    op.create_table(
        "ledger_balances",
        sa.Column("account", SORTED_TEXT, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_ledger_balances"),
        sa.CheckConstraint("balance >= floor", name=op.f("ck_ledger_balances_floor")),
    )


def _create_transfers() -> None:
    op.create_table(
        "ledger_transfers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_transfers"),
        sa.UniqueConstraint("reference", name="uq_ledger_transfers_reference"),
        sa.CheckConstraint("entries >= 2", name=op.f("ck_ledger_transfers_entries")),
    )
    op.create_index("ix_ledger_transfers_at", "ledger_transfers", ["at", "id"])
    op.create_table(
        "ledger_postings",
        sa.Column("position", ROW_ID, sa.Identity(), nullable=False),
        sa.Column("transfer_id", sa.Text, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("account", SORTED_TEXT, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("subject", sa.Text),
        sa.PrimaryKeyConstraint("position", name="pk_ledger_postings"),
        sa.UniqueConstraint("transfer_id", "line", name="uq_ledger_postings_transfer_id_line"),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_postings_amount")),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["ledger_transfers.id"],
            name="fk_ledger_postings_transfer_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_ledger_postings_account", "ledger_postings", ["account", "position"])
    op.create_index("ix_ledger_postings_account_at", "ledger_postings", ["account", "at", "position"])
    op.create_index(
        "ix_ledger_postings_subject", "ledger_postings", ["subject", "position"], **where("subject IS NOT NULL")
    )


def _create_sums() -> None:
    op.create_table(
        "ledger_snapshot_runs",
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_ledger_snapshot_runs"),
        sa.UniqueConstraint("after", name="uq_ledger_snapshot_runs_after"),
    )
    op.create_table(
        "ledger_snapshots",
        sa.Column("account", SORTED_TEXT, nullable=False),
        sa.Column("day", INSTANT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", "day", "position", name="pk_ledger_snapshots"),
    )
    op.create_table(
        "ledger_blocks",
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        sa.Column("seals", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_blocks"),
    )
    op.create_table(
        "ledger_marks",
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("horizon", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_ledger_marks"),
    )
