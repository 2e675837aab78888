"""Payments, operations, refunds and disputes in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, BindParameter, and_, bindparam, or_, select, text

from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import DisputeStatus, kind_of
from tradepost.payments.payment import Method, Operation, OperationStatus, Payment, Refund, RefundStatus
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.payments import disputes, operations, payments, refunds
from tradepost_adapters.sql.types import UtcDateTime


def payment_row(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "order_id": payment.order_id,
        "method": payment.method.value,
        "currency": payment.amount.currency,
        "amount": payment.amount.amount,
        "gateway": payment.gateway,
        "capture": payment.capture,
        "reference": payment.reference,
        "authorized": payment.authorized,
        "captured": payment.captured,
        "capturing": payment.capturing,
        "refunding": payment.refunding,
        "refunded": payment.refunded,
        "disputed": payment.disputed,
        "metadata": payment.metadata,
        "created_at": payment.created_at,
    }


def payment_from(row: Row) -> Payment:
    (
        id_, version, order_id, method, currency, amount, gateway, capture, reference,
        authorized, captured, capturing, refunding, refunded, disputed, metadata, created_at,
    ) = row  # fmt: skip
    return Payment(
        id=id_,
        version=version,
        order_id=order_id,
        method=Method(method),
        amount=Money(amount, currency),
        gateway=gateway,
        capture=capture,
        reference=reference,
        authorized=authorized,
        captured=captured,
        capturing=capturing,
        refunding=refunding,
        refunded=refunded,
        disputed=disputed,
        metadata=metadata,
        created_at=created_at,
    )


def _operation_row(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "payment_id": operation.payment_id,
        "order_id": operation.order_id,
        "refund_id": operation.refund_id,
        "kind": kind_of(operation.request),
        "request": operation.request,
        "status": operation.status.value,
        "attempts": operation.attempts,
        "lease_until": operation.lease_until,
        "reference": operation.reference,
        "next_action": operation.next_action,
        "failure_code": operation.failure_code,
        "failure_message": operation.failure_message,
        "created_at": operation.created_at,
        "settled_at": operation.settled_at,
    }


def operation_from(row: Row) -> Operation:
    (
        id_, version, payment_id, order_id, refund_id, _kind, request, status, attempts, lease_until,
        reference, next_action, failure_code, failure_message, created_at, settled_at,
    ) = row  # fmt: skip
    return Operation(
        id=id_,
        version=version,
        payment_id=payment_id,
        order_id=order_id,
        refund_id=refund_id,
        request=request,
        status=OperationStatus(status),
        attempts=attempts,
        lease_until=lease_until,
        reference=reference,
        next_action=next_action,
        failure_code=failure_code,
        failure_message=failure_message,
        created_at=created_at,
        settled_at=settled_at,
    )


def _refund_row(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.id,
        "payment_id": refund.payment_id,
        "order_id": refund.order_id,
        "currency": refund.amount.currency,
        "amount": refund.amount.amount,
        "tax": refund.tax,
        "wallet": refund.wallet,
        "reason": refund.reason,
        "lines": refund.lines,
        "status": refund.status.value,
        "failure_code": refund.failure_code,
        "created_by": refund.created_by,
        "created_at": refund.created_at,
        "settled_at": refund.settled_at,
    }


def refund_from(row: Row) -> Refund:
    (
        id_, version, payment_id, order_id, currency, amount, tax, wallet, reason, lines, status,
        failure_code, created_by, created_at, settled_at,
    ) = row  # fmt: skip
    return Refund(
        id=id_,
        version=version,
        payment_id=payment_id,
        order_id=order_id,
        amount=Money(amount, currency),
        tax=tax,
        wallet=wallet,
        reason=reason,
        lines=lines,
        status=RefundStatus(status),
        failure_code=failure_code,
        created_by=created_by,
        created_at=created_at,
        settled_at=settled_at,
    )


def _dispute_row(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": dispute.id,
        "payment_id": dispute.payment_id,
        "order_id": dispute.order_id,
        "gateway": dispute.gateway,
        "reference": dispute.reference,
        "currency": dispute.amount.currency,
        "amount": dispute.amount.amount,
        "withdrawn": dispute.withdrawn,
        "reason": dispute.reason,
        "status": dispute.status.value,
        "respond_by": dispute.respond_by,
        "opened_at": dispute.opened_at,
        "recorded_at": dispute.recorded_at,
        "settled_at": dispute.settled_at,
    }


def dispute_from(row: Row) -> Dispute:
    (
        id_, version, payment_id, order_id, gateway, reference, currency, amount, withdrawn, reason, status,
        respond_by, opened_at, recorded_at, settled_at,
    ) = row  # fmt: skip
    return Dispute(
        id=id_,
        version=version,
        payment_id=payment_id,
        order_id=order_id,
        gateway=gateway,
        reference=reference,
        amount=Money(amount, currency),
        withdrawn=withdrawn,
        reason=reason,
        status=DisputeStatus(status),
        respond_by=respond_by,
        opened_at=opened_at,
        recorded_at=recorded_at,
        settled_at=settled_at,
    )


_PAYMENT = Mapper(
    payments,
    "payment",
    payment_row,
    payment_from,
    fixed=("order_id", "method", "currency", "amount", "gateway", "capture", "created_at"),
)
_OPERATION = Mapper(
    operations,
    "operation",
    _operation_row,
    operation_from,
    fixed=("payment_id", "order_id", "refund_id", "kind", "request", "created_at"),
)
_REFUND = Mapper(
    refunds,
    "refund",
    _refund_row,
    refund_from,
    fixed=(
        "payment_id",
        "order_id",
        "currency",
        "amount",
        "tax",
        "wallet",
        "reason",
        "lines",
        "created_by",
        "created_at",
    ),
)
_DISPUTE = Mapper(
    disputes,
    "dispute",
    _dispute_row,
    dispute_from,
    fixed=("payment_id", "order_id", "gateway", "reference", "opened_at", "recorded_at"),
    conflict=lambda: StaleVersion("The dispute"),
)

_of_order: BindParameter[str] = bindparam("order_id")
PAYMENTS_OF_ORDER = _PAYMENT.query(payments.c.order_id == _of_order, name="of_order", order_by=(payments.c.id,))
OPERATIONS_OF_ORDER = _OPERATION.query(operations.c.order_id == _of_order, name="of_order", order_by=(operations.c.id,))
OPERATIONS_OF_PAYMENT = _OPERATION.query(
    operations.c.payment_id == bindparam("payment_id"), name="of_payment", order_by=(operations.c.id,)
)
_of_gateway: BindParameter[str] = bindparam("of_gateway")
_known_as: BindParameter[str] = bindparam("known_as")
_PAYMENT_KNOWN_AS = _PAYMENT.query(
    payments.c.gateway == _of_gateway, payments.c.reference == _known_as, name="by_reference"
)
_DISPUTE_KNOWN_AS = _DISPUTE.query(
    disputes.c.gateway == _of_gateway, disputes.c.reference == _known_as, name="by_reference"
)
REFUNDS_OF_ORDER = _REFUND.query(refunds.c.order_id == _of_order, name="of_order", order_by=(refunds.c.id,))

# The states are literals, so that both databases see that the partial index serves.
_due = (
    select(operations)
    .where(text("status IN ('pending', 'unknown') AND next_action IS NULL"))
    .where(
        or_(
            operations.c.lease_until <= bindparam("now", type_=UtcDateTime()),
            and_(
                operations.c.reference.is_(None),
                operations.c.lease_until > bindparam("beyond", type_=UtcDateTime()),
            ),
        )
    )
    .order_by(operations.c.lease_until)
    .limit(bindparam("most", type_=BigInteger()))
)
_DUE = Statement.by_dialect(sqlite=_due, postgresql=_due.with_for_update(skip_locked=True), name="operations.due")


class SqlPayments(SqlAggregates[Payment]):
    """`Payments` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _PAYMENT)

    async def of_order(self, order_id: str, /) -> tuple[Payment, ...]:
        return await self.found(PAYMENTS_OF_ORDER, {"order_id": order_id})

    async def by_reference(self, gateway: str, reference: str, /) -> Payment | None:
        found = await self.found(_PAYMENT_KNOWN_AS, {"of_gateway": gateway, "known_as": reference})
        return found[0] if found else None


class SqlOperations(SqlAggregates[Operation]):
    """`Operations` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _OPERATION)

    async def of_payment(self, payment_id: str, /) -> tuple[Operation, ...]:
        return await self.found(OPERATIONS_OF_PAYMENT, {"payment_id": payment_id})

    async def claim_due(
        self, now: datetime, lease_until: datetime, beyond: datetime, /, *, limit: int
    ) -> tuple[Operation, ...]:
        claimed = await self.found(_DUE, {"now": now, "beyond": beyond, "most": limit})
        for operation in claimed:
            operation.lease_until = lease_until
            operation.attempts += 1
            await self.save(operation)
        return claimed


class SqlRefunds(SqlAggregates[Refund]):
    """`Refunds` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _REFUND)

    async def of_order(self, order_id: str, /) -> tuple[Refund, ...]:
        return await self.found(REFUNDS_OF_ORDER, {"order_id": order_id})


class SqlDisputes(SqlAggregates[Dispute]):
    """`Disputes` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _DISPUTE)

    async def by_reference(self, gateway: str, reference: str, /) -> Dispute | None:
        found = await self.found(_DISPUTE_KNOWN_AS, {"of_gateway": gateway, "known_as": reference})
        return found[0] if found else None
