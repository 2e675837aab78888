"""What callers see of disputes: plain, frozen, versioned."""

from datetime import datetime

import msgspec

from tradepost.kernel.money import Money
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import DisputeStatus


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """The buyer has asked their bank for money back. `withdrawn` is how much of it the gateway has taken and not given
    back. Until `respond_by` evidence has to be there, which is handed in at the gateway, under its `reference`.
    """

    id: str
    order_id: str
    payment_id: str
    gateway: str
    reference: str
    amount: Money
    withdrawn: Money
    reason: str
    status: DisputeStatus
    respond_by: datetime | None
    opened_at: datetime
    recorded_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, dispute: Dispute) -> "DisputeView":
        return cls(
            id=dispute.id,
            order_id=dispute.order_id,
            payment_id=dispute.payment_id,
            gateway=dispute.gateway,
            reference=dispute.reference,
            amount=dispute.amount,
            withdrawn=Money(dispute.withdrawn, dispute.amount.currency),
            reason=dispute.reason,
            status=dispute.status,
            respond_by=dispute.respond_by,
            opened_at=dispute.opened_at,
            recorded_at=dispute.recorded_at,
            settled_at=dispute.settled_at,
        )
