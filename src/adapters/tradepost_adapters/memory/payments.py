"""Payments, operations and refunds, in memory."""

from copy import copy
from datetime import datetime

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import StaleVersion
from tradepost.payments.dispute import NO_END, Dispute
from tradepost.payments.payment import Operation, Payment, Refund
from tradepost.payments.ports import DisputeFilter
from tradepost.payments.views import DisputeView
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.listing import page_of
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

    async def claim_due(
        self, now: datetime, lease_until: datetime, beyond: datetime, /, *, limit: int
    ) -> tuple[Operation, ...]:
        due = [
            each
            for each in self.rows.by("open", True)
            if each.lease_until <= now or (each.reference is None and each.lease_until > beyond)
        ]
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


class MemoryDisputeViews:
    """`DisputeViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, dispute_id: str, /) -> DisputeView:
        with self._database.reading() as session:
            dispute = session.table(DISPUTES).get(dispute_id)
        if dispute is None:
            raise NotFound("dispute", dispute_id)
        return DisputeView.of(dispute)

    async def list(self, wanted: DisputeFilter, page: PageRequest, /) -> Page[DisputeView]:
        with self._database.reading() as session:
            found = list(session.table(DISPUTES).values())
        return page_of(
            (
                dispute
                for dispute in found
                if wanted.status in (None, dispute.status)
                and wanted.order_id in (None, dispute.order_id)
                and wanted.gateway in (None, dispute.gateway)
            ),
            page,
            DisputeView.of,
            key=lambda dispute: dispute.id,
            sorts={
                "opened_at": (datetime, lambda dispute: dispute.opened_at),
                "respond_by": (datetime, lambda dispute: dispute.respond_by or NO_END),
            },
            default="-opened_at",
        )

    async def of_order(self, order_id: str, /) -> tuple[DisputeView, ...]:
        with self._database.reading() as session:
            found = session.table(DISPUTES).by("order", order_id)
        return tuple(map(DisputeView.of, sorted(found, key=lambda dispute: (dispute.opened_at, dispute.id))))


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
