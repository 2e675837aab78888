"""Orders, their lines, their history, and apart from them the personal data of who bought."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    text,
)

from tradepost.kernel.addresses import Contact
from tradepost.orders.lines import Parcel, ShippingLine
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Flag, Json, UtcDateTime

FIRST_NUMBER = 100_001
NUMBERS_AT_ONCE = 50

# Postgres alone: a process takes fifty numbers at a time, so that an order costs no round trip for its own.
order_numbers = Sequence("order_numbers", start=FIRST_NUMBER, increment=NUMBERS_AT_ONCE, metadata=metadata)

_PENDING = text("status = 'pending'")

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("customer_id", Text),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("fulfillment", Text, nullable=False),
    Column("subtotal", BigInteger, nullable=False),
    Column("shipping_total", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("authorized", BigInteger, nullable=False),
    Column("captured", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("refunded_tax", BigInteger, nullable=False),
    Column("disputed", BigInteger, nullable=False),
    Column("shipping", Json(ShippingLine)),
    Column("parcels", Json(tuple[Parcel, ...]), nullable=False),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("external_id", Text, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("placed_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    CheckConstraint("authorized <= total", name="authorized"),
    CheckConstraint("captured <= authorized", name="captured"),
    CheckConstraint("refunded >= 0 AND refunded <= captured", name="refunded"),
    CheckConstraint("refunded_tax >= 0 AND refunded_tax <= tax", name="refunded_tax"),
    CheckConstraint("disputed >= 0", name="disputed"),
    Index("ix_orders_customer_id", "customer_id", "created_at"),
    Index("ix_orders_created_at", "created_at", "id"),
    Index("ix_orders_pending", "expires_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("unit_price", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("gross", BigInteger, nullable=False),
    Column("rate", Text, nullable=False),
    Column("inclusive", Flag, nullable=False),
    Column("tracked", Flag, nullable=False),
    Column("fulfilled", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    PrimaryKeyConstraint("order_id", "number"),
    CheckConstraint("0 <= returned AND returned <= fulfilled AND fulfilled <= quantity", name="fulfilled"),
    CheckConstraint("net + tax = gross", name="gross"),
    Index("ix_order_lines_sku", "sku"),
    sqlite_with_rowid=False,
)

order_contacts = Table(
    "order_contacts",
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("contact", Json(Contact), nullable=False),
)

order_history = Table(
    "order_history",
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("data", Json(dict[str, str | int]), nullable=False),
    PrimaryKeyConstraint("order_id", "place"),
    sqlite_with_rowid=False,
)
