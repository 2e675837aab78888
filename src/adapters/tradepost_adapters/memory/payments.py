"""Payments, operations and refunds, in memory."""

from copy import copy
from datetime import datetime

from tradepost.kernel.transactions import StaleVersion
from tradepost.payments.dispute import Dispute
from tradepost.payments.payment import Operation, Payment, Refund
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.outbox import MemoryOutbox


def _open(operation: Operation) -> bool | None:
    return None if operation.settled or operation.next_action is not None else True


PAYMENTS = TableOf[str, Payment](
    "payments",
    order=Index(lambda payment: payment.order_id),
    reference=Index(lambda payment: None if payment.reference is None else (payment.gateway, payment.reference)),
)
OPERATIONS = TableOf[str, Operation](
    "operations",
    payment=Index(lambda operation: operation.payment_id),
    order=Index(lambda operation: operation.order_id),
    open=Index(_open),
)
REFUNDS = TableOf[str, Refund]("refunds", order=Index(lambda refund: refund.order_id))
DISPUTES = TableOf[str, Dispute](
    "disputes",
    order=Index(lambda dispute: dispute.order_id),
    reference=Index(lambda dispute: (dispute.gateway, dispute.reference), unique=True),
)


class MemoryPayments(Aggregates[Payment]):
    """`Payments` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, PAYMENTS, "payment")

    async def of_order(self, order_id: str, /) -> tuple[Payment, ...]:
        return tuple(copy(payment) for payment in self.rows.by("order", order_id))

    async def by_reference(self, gateway: str, reference: str, /) -> Payment | None:
        return next((copy(payment) for payment in self.rows.by("reference", (gateway, reference))), None)


class MemoryOperations(Aggregates[Operation]):
    """`Operations` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, OPERATIONS, "operation")

    async def of_payment(self, payment_id: str, /) -> tuple[Operation, ...]:
        return tuple(copy(operation) for operation in self.rows.by("payment", payment_id))

    async def claim_due(self, now: datetime, lease_until: datetime, /, *, limit: int) -> tuple[Operation, ...]:
        due = [operation for operation in self.rows.by("open", True) if operation.lease_until <= now]
        claimed = tuple(copy(operation) for operation in sorted(due, key=lambda each: each.lease_until)[:limit])
        for operation in claimed:
            operation.lease_until = lease_until
            operation.attempts += 1
            await self.save(operation)
        return claimed


class MemoryRefunds(Aggregates[Refund]):
    """`Refunds` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, REFUNDS, "refund")

    async def of_order(self, order_id: str, /) -> tuple[Refund, ...]:
        return tuple(copy(refund) for refund in self.rows.by("order", order_id))


class MemoryDisputes(Aggregates[Dispute]):
    """`Disputes` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, DISPUTES, "dispute")

    async def by_reference(self, gateway: str, reference: str, /) -> Dispute | None:
        found = self.rows.one("reference", (gateway, reference))
        return None if found is None else copy(found)

    async def add(self, aggregate: Dispute, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as violation:
            raise StaleVersion("The dispute") from violation
