"""Write down how a dispute stands, as its gateway tells it."""

from collections.abc import Mapping
from typing import Protocol

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.orders.order import ENDED
from tradepost.orders.ports import OrderTx
from tradepost.orders.settlement import GATEWAY_ACTOR, give_back
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import GatewayDispute, PaymentGateway
from tradepost.payments.ports import HasDisputes


class DisputeTx(OrderTx, HasDisputes, Protocol):
    """What recording a dispute touches."""


class RecordDispute:
    """Asks the gateway and records what it tells, so that events of a dispute may come twice, late, or in any order."""

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

        Raises `GatewayOutcomeUnknown`.
        """
        told = await self._gateways[gateway].dispute(reference)
        return None if told is None else await self.record(gateway, told)

    async def record(self, gateway: str, told: GatewayDispute) -> bool | None:
        """The same of a dispute that was told already."""
        now = self._clock.now()
        dispute_id = self._ids.new("dp")

        async def work(tx: DisputeTx) -> bool | None:
            payment = await tx.payments.by_reference(gateway, told.payment_reference)
            if payment is None or not payment.captured:
                return None
            dispute = await tx.disputes.by_reference(gateway, told.reference)
            if dispute is not None and dispute.is_as(told):
                return False
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
            payment.disputed += more
            order.money_disputed(payment, dispute, more, by=GATEWAY_ACTOR, at=now)
            if more < 0 and order.status in ENDED:  # what came back is the buyer's
                await give_back(tx, order, payment, at=now, new_id=self._ids.new)
            await (tx.disputes.save(dispute) if known else tx.disputes.add(dispute))
            await tx.payments.save(payment)
            await tx.orders.save(order)
            return True

        return await self._transactions.run(work)
