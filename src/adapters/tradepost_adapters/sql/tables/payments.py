"""Payments, the operations that carry them out, refunds and disputes."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tradepost.payments.gateway import GatewayRequest
from tradepost.payments.payment import RefundLine
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Flag, Json, UtcDateTime

_KNOWN = text("reference IS NOT NULL")

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("gateway", Text),
    Column("capture", Flag, nullable=False),
    Column("reference", Text),
    Column("authorized", BigInteger, nullable=False),
    Column("captured", BigInteger, nullable=False),
    Column("capturing", BigInteger, nullable=False),
    Column("refunding", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("disputed", BigInteger, nullable=False),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("authorized <= amount", name="authorized"),
    CheckConstraint("captured + capturing <= authorized", name="captured"),
    CheckConstraint("refunded + refunding <= captured", name="refunded"),
    CheckConstraint("amount >= 0 AND capturing >= 0 AND refunding >= 0 AND refunded >= 0", name="positive"),
    CheckConstraint("disputed >= 0", name="disputed"),
    Index("ix_payments_order_id", "order_id"),
    Index("ix_payments_reference", "gateway", "reference", sqlite_where=_KNOWN, postgresql_where=_KNOWN),
)

_OPEN = text("status IN ('pending', 'unknown') AND next_action IS NULL")

operations = Table(
    "operations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id"), nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("refund_id", Text),
    Column("kind", Text, nullable=False),
    Column("request", Json(GatewayRequest), nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("reference", Text),
    Column("next_action", Text),
    Column("failure_code", Text),
    Column("failure_message", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Index("ix_operations_payment_id", "payment_id"),
    Index("ix_operations_order_id", "order_id"),
    Index("ix_operations_open", "lease_until", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id"), nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("wallet", Text),
    Column("reason", Text, nullable=False),
    Column("lines", Json(tuple[RefundLine, ...]), nullable=False),
    Column("status", Text, nullable=False),
    Column("failure_code", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("tax >= 0 AND tax <= amount", name="tax"),
    Index("ix_refunds_order_id", "order_id"),
)

_UNDECIDED = text("status IN ('needs_response', 'under_review')")

disputes = Table(
    "disputes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id"), nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("gateway", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("withdrawn", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("respond_by", UtcDateTime),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    UniqueConstraint("gateway", "reference"),
    CheckConstraint("withdrawn >= 0", name="withdrawn"),
    Index("ix_disputes_order_id", "order_id"),
    Index("ix_disputes_open", "status", sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED),
)
