"""Users and customers, and apart from them the personal data."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, SORTED_TEXT

TABLES = ("users", "user_contacts", "customers", "customer_contacts")


def create() -> None:
    _create_users()
    _create_customers()


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("customer_id", sa.Text),
        sa.Column("session_version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("customer_id", name="uq_users_customer_id"),
    )
    op.create_index("ix_users_created_at", "users", ["created_at", "id"])
    op.create_index("ix_users_role", "users", ["role", "created_at"])
    op.create_table(
        "user_contacts",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_contacts"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_contacts_user_id"),
        sa.UniqueConstraint("email_key", name="uq_user_contacts_email_key"),
    )


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("user_id", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("external_id", name="uq_customers_external_id"),
        sa.UniqueConstraint("user_id", name="uq_customers_user_id"),
    )
    op.create_index("ix_customers_created_at", "customers", ["created_at", "id"])
    op.create_table(
        "customer_contacts",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("name_key", SORTED_TEXT),
        sa.Column("phone", sa.Text),
        sa.Column("addresses", JSON, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customer_contacts"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_customer_contacts_customer_id"),
    )
    op.create_index("ix_customer_contacts_email_key", "customer_contacts", ["email_key"])
    op.create_index("ix_customer_contacts_name_key", "customer_contacts", ["name_key"])
