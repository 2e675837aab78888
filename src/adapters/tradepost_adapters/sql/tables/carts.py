"""Carts, and apart from them the personal data of whose they are."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from tradepost.carts.cart import CartLine
from tradepost.kernel.addresses import Contact
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, UtcDateTime

_OPEN = text("status = 'open'")
_UNTOLD = text("status = 'open' AND abandoned_at IS NULL AND lines <> '[]'")
_GUESTS = text("customer_id IS NULL AND order_id IS NULL")

carts = Table(
    "carts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("customer_id", Text),
    Column("status", Text, nullable=False),
    Column("lines", Json(tuple[CartLine, ...]), nullable=False),
    Column("shipping_method", Text),
    Column("order_id", Text),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("abandoned_at", UtcDateTime),
    Index("ix_carts_open", "customer_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_carts_untold", "updated_at", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    Index("ix_carts_guests", "updated_at", sqlite_where=_GUESTS, postgresql_where=_GUESTS),
)

cart_contacts = Table(
    "cart_contacts",
    metadata,
    Column("cart_id", Text, ForeignKey("carts.id"), primary_key=True),
    Column("contact", Json(Contact), nullable=False),
)
