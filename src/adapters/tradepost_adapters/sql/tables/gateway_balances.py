"""How far the balance at each gateway was read."""

from sqlalchemy import Column, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

gateway_balances = Table(
    "gateway_balances",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("read_to", UtcDateTime, nullable=False),
)
