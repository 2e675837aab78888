"""Whether the books agree, in SQL: each check is one query that counts, so it costs the same memory for any shop."""

from sqlalchemy import BigInteger, Text, text

from tradepost.orders.check_books import Finding
from tradepost_adapters.sql.connection import Reads
from tradepost_adapters.sql.statements import Statement


def _check(name: str, verdicts: str) -> Statement:
    """`verdicts` selects what each thing is called and whether it is right."""
    counted = text(
        f"""
        SELECT count(*), coalesce(sum(CASE WHEN is_right THEN 0 ELSE 1 END), 0), min(CASE WHEN is_right THEN NULL ELSE id END)
        FROM ({verdicts}) AS verdicts
        """  # noqa: S608 - constants of this module
    ).columns(checked=BigInteger(), wrong=BigInteger(), example=Text())
    return Statement(counted, name=f"books.{name}")


_STOCK_MOVED = _check(
    "stock_moved",
    """
    SELECT location || '/' || sku AS id, sum(on_hand) = sum(moved) AND sum(reserved) = sum(moved_reserved) AS is_right
    FROM (
        SELECT location, sku, on_hand, reserved, 0 AS moved, 0 AS moved_reserved FROM stock_levels
        UNION ALL
        SELECT location, sku, 0, 0, on_hand, reserved FROM stock_movements
    ) AS both_sides
    GROUP BY location, sku
    """,
)
_STOCK_RESERVED = _check(
    "stock_reserved",
    """
    SELECT sku AS id, sum(reserved) = sum(outstanding) AS is_right
    FROM (
        SELECT sku, reserved, 0 AS outstanding FROM stock_levels
        UNION ALL
        SELECT order_lines.sku, 0, order_lines.quantity - order_lines.fulfilled
        FROM orders JOIN order_lines ON order_lines.order_id = orders.id
        WHERE orders.status IN ('pending', 'placed') AND order_lines.tracked
    ) AS both_sides
    GROUP BY sku
    """,
)
_STOCK_POSITIVE = _check(
    "stock_positive",
    "SELECT location || '/' || sku AS id, 0 <= reserved AND reserved <= on_hand AS is_right FROM stock_levels",
)
_ORDERS_ADD_UP = _check(
    "orders_add_up",
    """
    SELECT orders.id, orders.subtotal = coalesce(lines.total, 0) AND orders.total = orders.shipping_total
        + CASE WHEN lines.exclusive = 1 THEN orders.subtotal + orders.tax ELSE coalesce(lines.gross, 0) END AS is_right
    FROM orders LEFT JOIN (
        SELECT order_id, sum(total) AS total, sum(gross) AS gross, max(CASE WHEN inclusive THEN 0 ELSE 1 END) AS exclusive
        FROM order_lines GROUP BY order_id
    ) AS lines ON lines.order_id = orders.id
    """,
)
_ORDERS_PAID = _check(
    "orders_paid",
    """
    SELECT orders.id, orders.authorized = coalesce(paid.authorized, 0) AND orders.captured = coalesce(paid.captured, 0)
        AND orders.refunded = coalesce(paid.refunded, 0) AS is_right
    FROM orders LEFT JOIN (
        SELECT order_id, sum(authorized) AS authorized, sum(captured) AS captured, sum(refunded) AS refunded
        FROM payments GROUP BY order_id
    ) AS paid ON paid.order_id = orders.id
    """,
)
_ORDERS_COVERED = _check(
    "orders_covered",
    """
    SELECT orders.id, coalesce(paid.cover, 0) >= orders.total OR coalesce(paid.later, 0) = 1 AS is_right
    FROM orders LEFT JOIN (
        SELECT order_id, sum(CASE WHEN captured > 0 AND captured = authorized THEN amount ELSE authorized END) AS cover,
            max(CASE WHEN method IN ('manual', 'external') THEN 1 ELSE 0 END) AS later
        FROM payments GROUP BY order_id
    ) AS paid ON paid.order_id = orders.id
    WHERE orders.status IN ('placed', 'completed')
    """,
)
_ORDERS_SETTLED = _check(
    "orders_settled",
    """
    SELECT orders.id, NOT EXISTS (
        SELECT 1 FROM payments WHERE payments.order_id = orders.id
            AND payments.captured - payments.refunded - payments.disputed > payments.refunding
    ) AS is_right
    FROM orders WHERE orders.status IN ('canceled', 'expired')
    """,
)
_MONEY_POSITIVE = _check(
    "money_positive",
    """
    SELECT id, 0 <= refunded AND refunded <= captured AND captured <= authorized AS is_right FROM orders
    UNION ALL
    SELECT id, 0 <= refunded AND refunded <= captured AND captured <= authorized FROM payments
    """,
)
_PAYMENTS_REFUNDED = _check(
    "payments_refunded",
    """
    SELECT payments.id, payments.refunded = coalesce(given.back, 0) AND payments.refunding = coalesce(given.waiting, 0)
        AS is_right
    FROM payments LEFT JOIN (
        SELECT payment_id, sum(CASE WHEN status = 'succeeded' THEN amount ELSE 0 END) AS back,
            sum(CASE WHEN status = 'pending' THEN amount ELSE 0 END) AS waiting
        FROM refunds GROUP BY payment_id
    ) AS given ON given.payment_id = payments.id
    """,
)
_PAYMENTS_OPERATED = _check(
    "payments_operated",
    """
    SELECT payments.id, (payments.captured = 0 OR coalesce(done.authorized, 0) > 0)
        AND (payments.capturing > 0) = (coalesce(done.capturing, 0) > 0)
        AND (payments.refunding > 0) = (coalesce(done.refunding, 0) > 0) AS is_right
    FROM payments LEFT JOIN (
        SELECT payment_id, sum(CASE WHEN kind = 'authorize' AND status = 'succeeded' THEN 1 ELSE 0 END) AS authorized,
            sum(CASE WHEN kind = 'capture' AND status IN ('pending', 'unknown') THEN 1 ELSE 0 END) AS capturing,
            sum(CASE WHEN kind = 'refund' AND status IN ('pending', 'unknown') THEN 1 ELSE 0 END) AS refunding
        FROM operations GROUP BY payment_id
    ) AS done ON done.payment_id = payments.id
    WHERE payments.gateway IS NOT NULL
    """,
)
_OPERATIONS_SETTLED = _check(
    "operations_settled",
    """
    SELECT operations.id, operations.order_id = payments.order_id
        AND (operations.status IN ('succeeded', 'failed')) = (operations.settled_at IS NOT NULL) AS is_right
    FROM operations JOIN payments ON payments.id = operations.payment_id
    """,
)
_DISPUTES_ADD_UP = _check(
    "disputes_add_up",
    """
    SELECT payments.id, payments.disputed = coalesce(taken.withdrawn, 0) AS is_right
    FROM payments LEFT JOIN (
        SELECT payment_id, currency, sum(withdrawn) AS withdrawn FROM disputes GROUP BY payment_id, currency
    ) AS taken ON taken.payment_id = payments.id AND taken.currency = payments.currency
    UNION ALL
    SELECT orders.id, orders.disputed = coalesce(taken.disputed, 0)
    FROM orders LEFT JOIN (
        SELECT order_id, sum(disputed) AS disputed FROM payments GROUP BY order_id
    ) AS taken ON taken.order_id = orders.id
    """,
)
# `;` is the code point after `:`, so these are the accounts of a family; written so that the index of accounts serves.
_POSTED = """
    SELECT orders.id, coalesce(posted.amount, 0) = {amount} AS is_right
    FROM orders LEFT JOIN (
        SELECT subject, sum(amount) AS amount FROM ledger_postings WHERE {families} GROUP BY subject
    ) AS posted ON posted.subject = orders.id
"""
_LEDGER_RECEIVABLE = _check(
    "ledger_receivable",
    _POSTED.format(
        amount="CASE WHEN orders.status IN ('placed', 'completed') THEN orders.total ELSE orders.refunded END - orders.captured",
        families="account >= 'receivable:' AND account < 'receivable;'",
    ),
)
_LEDGER_TAX = _check(
    "ledger_tax",
    _POSTED.format(
        amount="CASE WHEN orders.status IN ('placed', 'completed') THEN orders.refunded_tax - orders.tax ELSE 0 END",
        families="account >= 'tax_payable:' AND account < 'tax_payable;'",
    ),
)
_LEDGER_MONEY = _check(
    "ledger_money",
    _POSTED.format(
        amount="orders.captured - orders.refunded - orders.disputed",
        families=" OR ".join(
            f"(account >= '{family}:' AND account < '{family};')" for family in ("clearing", "wallet", "fees")
        ),
    ),
)


class SqlBooks:
    """`Books` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def stock_moved(self) -> Finding:
        return await self._find(_STOCK_MOVED)

    async def stock_reserved(self) -> Finding:
        return await self._find(_STOCK_RESERVED)

    async def stock_positive(self) -> Finding:
        return await self._find(_STOCK_POSITIVE)

    async def orders_add_up(self) -> Finding:
        return await self._find(_ORDERS_ADD_UP)

    async def orders_paid(self) -> Finding:
        return await self._find(_ORDERS_PAID)

    async def orders_covered(self) -> Finding:
        return await self._find(_ORDERS_COVERED)

    async def orders_settled(self) -> Finding:
        return await self._find(_ORDERS_SETTLED)

    async def money_positive(self) -> Finding:
        return await self._find(_MONEY_POSITIVE)

    async def payments_refunded(self) -> Finding:
        return await self._find(_PAYMENTS_REFUNDED)

    async def payments_operated(self) -> Finding:
        return await self._find(_PAYMENTS_OPERATED)

    async def operations_settled(self) -> Finding:
        return await self._find(_OPERATIONS_SETTLED)

    async def disputes_add_up(self) -> Finding:
        return await self._find(_DISPUTES_ADD_UP)

    async def ledger_receivable(self) -> Finding:
        return await self._find(_LEDGER_RECEIVABLE)

    async def ledger_tax(self) -> Finding:
        return await self._find(_LEDGER_TAX)

    async def ledger_money(self) -> Finding:
        return await self._find(_LEDGER_MONEY)

    async def _find(self, check: Statement) -> Finding:
        row = await self._reads.one(check)
        return Finding(*row) if row is not None else Finding(0, 0)
