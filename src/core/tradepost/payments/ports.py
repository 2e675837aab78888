"""What payments need from outside, beside the gateway."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.pages import Page, PageRequest
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import DisputeStatus
from tradepost.payments.payment import Operation, Payment, Refund
from tradepost.payments.views import DisputeView


class Payments(Protocol):
    """The payments, inside a transaction."""

    async def get(self, payment_id: str, /) -> Payment:
        """Raises NotFound."""
        ...

    async def of_order(self, order_id: str, /) -> tuple[Payment, ...]:
        """Oldest first."""
        ...

    async def by_reference(self, gateway: str, reference: str, /) -> Payment | None:
        """The one the gateway knows by its own `reference`."""
        ...

    async def add(self, payment: Payment, /) -> None: ...

    async def save(self, payment: Payment, /) -> None:
        """Raises StaleVersion when somebody saved it since."""
        ...


class Operations(Protocol):
    """The operations, inside a transaction."""

    async def get(self, operation_id: str, /) -> Operation:
        """Raises NotFound."""
        ...

    async def of_payment(self, payment_id: str, /) -> tuple[Operation, ...]:
        """Oldest first."""
        ...

    async def add(self, operation: Operation, /) -> None: ...

    async def save(self, operation: Operation, /) -> None:
        """Raises StaleVersion when somebody saved it since."""
        ...

    async def claim_due(
        self, now: datetime, lease_until: datetime, beyond: datetime, /, *, limit: int
    ) -> tuple[Operation, ...]:
        """Take over up to `limit` unsettled operations whose lease has run out and that wait for no buyer
        (`next_action` is None), oldest lease first: sets `lease_until` and counts an attempt. No two callers get the same.

        The lease of one without a reference that ends after `beyond`, which is later than any can honestly last, was made
        before the clock was set back and has run out too."""
        ...


class Refunds(Protocol):
    """The refunds, inside a transaction."""

    async def get(self, refund_id: str, /) -> Refund:
        """Raises NotFound."""
        ...

    async def of_order(self, order_id: str, /) -> tuple[Refund, ...]:
        """Oldest first."""
        ...

    async def add(self, refund: Refund, /) -> None: ...

    async def save(self, refund: Refund, /) -> None:
        """Raises StaleVersion when somebody saved it since."""
        ...


class Disputes(Protocol):
    """The disputes, inside a transaction."""

    async def get(self, dispute_id: str, /) -> Dispute:
        """Raises NotFound."""
        ...

    async def by_reference(self, gateway: str, reference: str, /) -> Dispute | None:
        """The one the gateway knows by its own `reference`."""
        ...

    async def add(self, dispute: Dispute, /) -> None:
        """Raises StaleVersion when somebody else has just added the same, now or at commit."""
        ...

    async def save(self, dispute: Dispute, /) -> None:
        """Raises StaleVersion when somebody saved it since."""
        ...


class DisputeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which disputes a list shows; None means any."""

    status: DisputeStatus | None = None
    order_id: str | None = None
    gateway: str | None = None


class DisputeViews(Protocol):
    """Disputes to look at, outside any transaction: one query each."""

    async def get(self, dispute_id: str, /) -> DisputeView:
        """Raises NotFound."""
        ...

    async def list(self, wanted: DisputeFilter, page: PageRequest, /) -> Page[DisputeView]:
        """Sorted by `opened_at` or by `respond_by`, where those that need no response come as if it had no end."""
        ...

    async def of_order(self, order_id: str, /) -> tuple[DisputeView, ...]:
        """Oldest first."""
        ...


class HasDisputes(Protocol):
    @property
    def disputes(self) -> Disputes: ...


class HasPayments(Protocol):
    """The money's three repositories belong together: no use case needs one without the others."""

    @property
    def payments(self) -> Payments: ...

    @property
    def operations(self) -> Operations: ...

    @property
    def refunds(self) -> Refunds: ...
