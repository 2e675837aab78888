"""Whether the books agree, in memory."""

from collections import Counter

from tradepost.ledger import chart
from tradepost.orders.check_books import Finding
from tradepost.orders.order import ENDED, Order, OrderStatus
from tradepost.payments.gateway import kind_of
from tradepost.payments.payment import Method, OperationStatus, Payment, RefundStatus
from tradepost_adapters.memory.database import MemoryDatabase, Session
from tradepost_adapters.memory.ledger import POSTINGS
from tradepost_adapters.memory.orders import ORDERS
from tradepost_adapters.memory.payments import DISPUTES, OPERATIONS, PAYMENTS, REFUNDS
from tradepost_adapters.memory.stock import STOCK_LEVELS, STOCK_MOVEMENTS

_LATER = frozenset({Method.MANUAL, Method.EXTERNAL})
_STANDING = frozenset({OrderStatus.PLACED, OrderStatus.COMPLETED})


class MemoryBooks:
    """`Books` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def stock_moved(self) -> Finding:
        with self._database.reading() as session:
            levels = {(at.location, at.sku): (at.on_hand, at.reserved) for at in session.table(STOCK_LEVELS).values()}
            on_hand, reserved = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
            for moved in session.table(STOCK_MOVEMENTS).values():
                on_hand[moved.location, moved.sku] += moved.on_hand
                reserved[moved.location, moved.sku] += moved.reserved
        return Finding.of(
            ("/".join(key), levels.get(key, (0, 0)) == (on_hand[key], reserved[key]))
            for key in levels.keys() | on_hand.keys()
        )

    async def stock_reserved(self) -> Finding:
        reserved, outstanding = Counter[str](), Counter[str]()
        with self._database.reading() as session:
            for level in session.table(STOCK_LEVELS).values():
                reserved[level.sku] += level.reserved
            for order in session.table(ORDERS).values():
                for change in order.held():
                    outstanding[change.sku] += change.reserved
        return Finding.of((sku, reserved[sku] == outstanding[sku]) for sku in reserved.keys() | outstanding.keys())

    async def stock_positive(self) -> Finding:
        with self._database.reading() as session:
            return Finding.of(
                (f"{level.location}/{level.sku}", 0 <= level.reserved <= level.on_hand)
                for level in session.table(STOCK_LEVELS).values()
            )

    async def orders_add_up(self) -> Finding:
        with self._database.reading() as session:
            return Finding.of((order.id, _adds_up(order)) for order in session.table(ORDERS).values())

    async def orders_paid(self) -> Finding:
        with self._database.reading() as session:
            return Finding.of(
                (order.id, (order.authorized, order.captured, order.refunded) == _paid(session, order))
                for order in session.table(ORDERS).values()
            )

    async def orders_covered(self) -> Finding:
        with self._database.reading() as session:
            payments = session.table(PAYMENTS)
            return Finding.of(
                (
                    order.id,
                    sum(_cover(payment) for payment in payments.by("order", order.id)) >= order.total.amount
                    or any(payment.method in _LATER for payment in payments.by("order", order.id)),
                )
                for order in session.table(ORDERS).values()
                if order.status in _STANDING
            )

    async def orders_settled(self) -> Finding:
        with self._database.reading() as session:
            payments = session.table(PAYMENTS)
            return Finding.of(
                (
                    order.id,
                    all(
                        each.captured - each.refunded - each.disputed <= each.refunding
                        for each in payments.by("order", order.id)
                    ),
                )
                for order in session.table(ORDERS).values()
                if order.status in ENDED
            )

    async def money_positive(self) -> Finding:
        with self._database.reading() as session:
            kept: list[Order | Payment] = [*session.table(ORDERS).values(), *session.table(PAYMENTS).values()]
            return Finding.of((each.id, 0 <= each.refunded <= each.captured <= each.authorized) for each in kept)

    async def payments_refunded(self) -> Finding:
        back, waiting = Counter[str](), Counter[str]()
        with self._database.reading() as session:
            for refund in session.table(REFUNDS).values():
                if refund.status is RefundStatus.SUCCEEDED:
                    back[refund.payment_id] += refund.amount.amount
                elif refund.status is RefundStatus.PENDING:
                    waiting[refund.payment_id] += refund.amount.amount
            return Finding.of(
                (each.id, (each.refunded, each.refunding) == (back[each.id], waiting[each.id]))
                for each in session.table(PAYMENTS).values()
            )

    async def payments_operated(self) -> Finding:
        with self._database.reading() as session:
            return Finding.of(
                (payment.id, _operated(session, payment))
                for payment in session.table(PAYMENTS).values()
                if payment.gateway is not None
            )

    async def operations_settled(self) -> Finding:
        with self._database.reading() as session:
            payments = session.table(PAYMENTS)
            verdicts = []
            for operation in session.table(OPERATIONS).values():
                payment = payments.get(operation.payment_id)
                same = payment is not None and payment.order_id == operation.order_id
                verdicts.append((operation.id, same and operation.settled == (operation.settled_at is not None)))
            return Finding.of(verdicts)

    async def disputes_add_up(self) -> Finding:
        withdrawn, disputed = Counter[tuple[str, str]](), Counter[str]()
        with self._database.reading() as session:
            payments, orders = session.table(PAYMENTS), session.table(ORDERS)
            for dispute in session.table(DISPUTES).values():
                withdrawn[dispute.payment_id, dispute.amount.currency] += dispute.withdrawn
            for payment in payments.values():
                disputed[payment.order_id] += payment.disputed
            return Finding.of(
                [
                    *(
                        (each.id, each.disputed == withdrawn[each.id, each.amount.currency])
                        for each in payments.values()
                    ),
                    *((each.id, each.disputed == disputed[each.id]) for each in orders.values()),
                ]
            )

    async def ledger_receivable(self) -> Finding:
        with self._database.reading() as session:
            posted = _posted(session, chart.RECEIVABLE)
            return Finding.of(
                (each.id, posted[each.id] == (each.total.amount if each.sold else each.refunded) - each.captured)
                for each in session.table(ORDERS).values()
            )

    async def ledger_tax(self) -> Finding:
        with self._database.reading() as session:
            posted = _posted(session, chart.TAX_PAYABLE)
            return Finding.of(
                (each.id, posted[each.id] == (each.refunded_tax - each.tax.amount if each.sold else 0))
                for each in session.table(ORDERS).values()
            )

    async def ledger_money(self) -> Finding:
        with self._database.reading() as session:
            posted = _posted(session, chart.CLEARING, chart.WALLET, chart.FEES)
            return Finding.of(
                (each.id, posted[each.id] == each.captured - each.refunded - each.disputed)
                for each in session.table(ORDERS).values()
            )


def _posted(session: Session, *families: chart.Family) -> Counter[str | None]:
    """What was posted to accounts of these families, by what it is about."""
    sums = Counter[str | None]()
    prefixes = tuple(f"{family.code}:" for family in families)
    for line in session.table(POSTINGS).values():
        if line.account.startswith(prefixes):
            sums[line.subject] += line.amount
    return sums


def _cover(payment: Payment) -> int:
    """What was authorized of it; a capture that was final has let go of the rest."""
    final = 0 < payment.captured == payment.authorized
    return payment.amount.amount if final else payment.authorized


def _adds_up(order: Order) -> bool:
    exclusive = any(not line.inclusive for line in order.lines)
    goods = order.subtotal.amount + order.tax.amount if exclusive else sum(line.gross.amount for line in order.lines)
    return (
        order.subtotal.amount == sum(line.total.amount for line in order.lines)
        and order.total.amount == order.shipping_total.amount + goods
    )


def _paid(session: Session, order: Order) -> tuple[int, int, int]:
    payments = session.table(PAYMENTS).by("order", order.id)
    return (
        sum(payment.authorized for payment in payments),
        sum(payment.captured for payment in payments),
        sum(payment.refunded for payment in payments),
    )


def _operated(session: Session, payment: Payment) -> bool:
    operations = session.table(OPERATIONS).by("payment", payment.id)
    kinds = {kind_of(operation.request) for operation in operations if not operation.settled}
    authorized = any(
        kind_of(operation.request) == "authorize" and operation.status is OperationStatus.SUCCEEDED
        for operation in operations
    )
    return (
        (not payment.captured or authorized)
        and (payment.capturing > 0) == ("capture" in kinds)
        and (payment.refunding > 0) == ("refund" in kinds)
    )
