"""Write down how a dispute stands, as its gateway tells it."""

from collections.abc import Mapping
from typing import Protocol

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.orders.order import ENDED
from tradepost.orders.ports import OrderTx
from tradepost.orders.settlement import GATEWAY_ACTOR, give_back
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import GatewayDispute, PaymentGateway
from tradepost.payments.payment import Payment
from tradepost.payments.ports import HasDisputes

_TRIES = 5


class DisputeTx(OrderTx, HasDisputes, Protocol):
    """What recording a dispute touches."""


class RecordDispute:
    """Asks the gateway and records what it tells, so that events of a dispute may come twice, late, or in any order.

    An answer may be old when it arrives: somebody else has asked later, and recorded it meanwhile. Then it is asked again.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[DisputeTx],
        gateways: Mapping[str, PaymentGateway],
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._gateways = gateways
        self._clock = clock
        self._ids = ids

    async def __call__(self, gateway: str, reference: str) -> bool | None:
        """Whether there was anything new; None while it, or the payment it is about, is not known (here, yet).

        Raises `GatewayOutcomeUnknown`, `payment.gateway_missing`, and `StaleVersion` when others are faster each time.
        """
        asked = self._gateways.get(gateway)
        if asked is None:
            raise Conflict(
                "payment.gateway_missing",
                f"The dispute is at {gateway!r}, which is not configured; configure it to learn how it stands.",
            )
        for _ in range(_TRIES):
            before = await self._transactions.run(lambda tx: tx.disputes.by_reference(gateway, reference))
            told = await asked.dispute(reference)
            try:
                return None if told is None else await self._record(gateway, told, _version(before))
            except _Outdated:
                continue
        raise StaleVersion("The dispute")

    async def record(self, gateway: str, told: GatewayDispute) -> bool | None:
        """The same of a dispute that is in a list: what the list says is old by the time it is read, so the gateway is asked
        where that is news."""

        async def look(tx: DisputeTx) -> bool | None:
            if await _payment(tx, gateway, told) is None:
                return None
            dispute = await tx.disputes.by_reference(gateway, told.reference)
            return dispute is None or not dispute.is_as(told)

        news = await self._transactions.run(look)
        return await self(gateway, told.reference) if news else news

    async def _record(self, gateway: str, told: GatewayDispute, before: int) -> bool | None:
        """Unless somebody has recorded anything since it was of the version `before`."""
        now = self._clock.now()
        dispute_id = self._ids.new("dp")

        async def work(tx: DisputeTx) -> bool | None:
            payment = await _payment(tx, gateway, told)
            if payment is None:
                return None
            dispute = await tx.disputes.by_reference(gateway, told.reference)
            if dispute is not None and dispute.is_as(told):
                return False
            if _version(dispute) != before:
                raise _Outdated
            known = dispute is not None
            if dispute is None:
                dispute = Dispute(
                    id=dispute_id,
                    payment_id=payment.id,
                    order_id=payment.order_id,
                    gateway=gateway,
                    reference=told.reference,
                    amount=told.amount,
                    reason=told.reason,
                    status=told.status,
                    opened_at=told.opened_at,
                    recorded_at=now,
                )
            order = await tx.orders.get(payment.order_id)
            more = dispute.stands_as(told, at=now)
            if (
                told.amount.currency != order.currency
            ):  # what that is of the order's money, the balance will have to say
                more = 0
            payment.disputed += more
            order.money_disputed(payment, dispute, more, by=GATEWAY_ACTOR, at=now)
            if more < 0 and order.status in ENDED:  # what came back is the buyer's
                await give_back(tx, order, payment, at=now, new_id=self._ids.new)
            await (tx.disputes.save(dispute) if known else tx.disputes.add(dispute))
            await tx.payments.save(payment)
            await tx.orders.save(order)
            return True

        return await self._transactions.run(work)


class _Outdated(Exception):
    """Somebody has recorded a later answer."""


async def _payment(tx: DisputeTx, gateway: str, told: GatewayDispute) -> Payment | None:
    payment = await tx.payments.by_reference(gateway, told.payment_reference)
    return payment if payment is not None and payment.captured else None


def _version(dispute: Dispute | None) -> int:
    return 0 if dispute is None else dispute.version
