"""A dispute: the buyer has asked their bank for the money, and the bank has taken it until it is decided."""

from datetime import UTC, datetime

from tradepost.kernel.events import Aggregate
from tradepost.kernel.money import Money
from tradepost.payments.gateway import DisputeStatus, GatewayDispute

DECIDED = frozenset({DisputeStatus.WON, DisputeStatus.LOST})
NO_END = datetime(9999, 12, 31, tzinfo=UTC)
"""What a dispute without `respond_by` is sorted by."""


class Dispute(Aggregate, kw_only=True):
    """As the gateway tells it. `reference` is the gateway's own id; `withdrawn` is how much of `amount`, in minor units,
    it has taken and not given back; evidence has to be there until `respond_by`."""

    payment_id: str
    order_id: str
    gateway: str
    reference: str
    amount: Money
    reason: str
    status: DisputeStatus
    opened_at: datetime
    recorded_at: datetime
    withdrawn: int = 0
    respond_by: datetime | None = None
    settled_at: datetime | None = None

    def stands_as(self, told: GatewayDispute, *, at: datetime) -> int:
        """Take over how it stands; gives by how much more money is gone (below zero: came back)."""
        more = told.withdrawn - self.withdrawn
        self.withdrawn, self.amount, self.reason = told.withdrawn, told.amount, told.reason
        self.status, self.respond_by = told.status, told.respond_by
        if self.status not in DECIDED:
            self.settled_at = None
        elif self.settled_at is None:
            self.settled_at = at
        return more

    def is_as(self, told: GatewayDispute) -> bool:
        """Whether there is nothing new in it."""
        return (self.withdrawn, self.amount, self.reason, self.status, self.respond_by) == (
            told.withdrawn,
            told.amount,
            told.reason,
            told.status,
            told.respond_by,
        )
