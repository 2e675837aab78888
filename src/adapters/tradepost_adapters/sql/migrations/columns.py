"""The types of columns as migrations write them down, and what else differs by database.

A migration says what was made on the day it was written, so it uses nothing of `sql.tables` and `sql.types`, which say
what there is today. Those who add a type there add it here.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
JSON = sa.Text().with_variant(JSONB(), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Sorted by code point, whatever the collation of the Postgres database is."""


def where(condition: str) -> dict[str, Any]:
    """For an index of some rows: `op.create_index(…, **where("due_at IS NOT NULL"))`."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def on_sqlite() -> bool:
    """Whether it is SQLite that is migrated; otherwise it is Postgres."""
    return op.get_bind().dialect.name == "sqlite"
