"""Roles of the shop's own, and limits of the built-in ones."""

from sqlalchemy import Column, Integer, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json

roles = Table(
    "roles",
    metadata,
    Column("name", Text, primary_key=True),
    # A built-in role it builds on: never one of this table, so that one join finds everything it allows.
    Column("base", Text),
    Column("permissions", Json(tuple[str, ...]), nullable=False),
    # {"EUR": 5000}: minor units a currency; none means no limit.
    Column("refund_limits", Json(dict[str, int])),
    Column("version", Integer, nullable=False),
)
