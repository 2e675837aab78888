"""Disputes: the buyer's bank takes the money back, asks the shop for proof, and decides."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from tradepost.kernel.errors import Invalid, Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.payments.gateway import BalanceKind, DisputeStatus, GatewayDispute
from tradepost_adapters.simulated_gateway.balance import PAGE_SIZE, Balance
from tradepost_adapters.simulated_gateway.outbox import Outbox
from tradepost_adapters.simulated_gateway.rules import Authorization
from tradepost_adapters.simulated_gateway.store import Shelf, Store

TIME_TO_RESPOND = timedelta(days=7)
_DISPUTES = Shelf("disputes", GatewayDispute)
_OPEN = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)


class Disputes:
    """Opens and closes them. Everything happens inside the store's transaction."""

    def __init__(
        self, store: Store, balance: Balance, outbox: Outbox, ids: TypeIds, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._balance = balance
        self._outbox = outbox
        self._ids = ids
        self._now = now

    def open(self, authorization: Authorization, amount: int | None, reason: str) -> GatewayDispute:
        """About `amount` of what was captured and is still there; all of it for None. Raises `dispute.invalid`."""
        there = authorization.captured - authorization.refunded - authorization.disputed
        wanted = there if amount is None else amount
        if not 0 < wanted <= there:
            raise Invalid("dispute.invalid", "Only what was captured, and is neither refunded nor disputed, can be.")
        at = self._now()
        dispute = GatewayDispute(
            reference=self._ids.new("dispute"),
            payment_reference=authorization.reference,
            amount=Money(wanted, authorization.currency),
            withdrawn=wanted,
            reason=reason,
            status=DisputeStatus.NEEDS_RESPONSE,
            respond_by=at + TIME_TO_RESPOND,
            opened_at=at,
        )
        self._put(dispute, "dispute.opened")
        self._store.put_authorization(msgspec.structs.replace(authorization, disputed=authorization.disputed + wanted))
        self._balance.disputed(dispute.amount, dispute.reference)
        return dispute

    def respond(self, reference: str) -> GatewayDispute:
        """The shop has sent its proof; once, and not when it is decided. Raises `dispute.not_found`."""
        dispute = self._get(reference)
        if dispute.status is not DisputeStatus.NEEDS_RESPONSE:
            return dispute
        after = msgspec.structs.replace(dispute, status=DisputeStatus.UNDER_REVIEW)
        self._put(after, "dispute.updated")
        return after

    def close(self, reference: str, *, won: bool) -> GatewayDispute:
        """The bank decides, once; what it took is given back when the shop has won. Raises `dispute.not_found`."""
        dispute = self._get(reference)
        if dispute.status not in _OPEN:
            return dispute
        if not won:
            after = msgspec.structs.replace(dispute, status=DisputeStatus.LOST)
        else:
            after = msgspec.structs.replace(dispute, status=DisputeStatus.WON, withdrawn=0)
            authorization = self._store.authorization(dispute.payment_reference)
            assert authorization is not None  # noqa: S101 - a dispute is about one
            left = authorization.disputed - dispute.withdrawn
            self._store.put_authorization(msgspec.structs.replace(authorization, disputed=left))
            self._balance.write(BalanceKind.DISPUTE_REVERSED, dispute.amount, reference=reference)
        self._put(after, "dispute.closed")
        return after

    def find(self, reference: str) -> GatewayDispute | None:
        return self._store.take(_DISPUTES, reference)

    def page(self, since: datetime, after: int | None) -> tuple[list[GatewayDispute], int | None]:
        return self._store.shelf(_DISPUTES, since, after, PAGE_SIZE)

    def _get(self, reference: str) -> GatewayDispute:
        found = self.find(reference)
        if found is None:
            raise TradepostError(Kind.NOT_FOUND, "dispute.not_found", "There is no dispute under this reference.")
        return found

    def _put(self, dispute: GatewayDispute, told: str) -> None:
        self._store.put(_DISPUTES, dispute.reference, dispute, dispute.opened_at)
        self._outbox.add(told, disputes=(dispute.reference,))
