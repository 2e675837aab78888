"""Send a parcel of an order."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.orders.lines import Parcel
from tradepost.orders.ports import OrderTx
from tradepost.orders.views import OrderView
from tradepost.stock.level import Reason


class ParcelLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of a line of the order."""

    line: int
    quantity: int


class FulfillOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves together. No lines: everything that has not left yet."""

    actor: Actor
    order_id: str
    lines: tuple[ParcelLine, ...] = ()
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    expected_version: int | None = None
    idempotency: IdempotencyKey | None = None


class FulfillOrder:
    """Lowers what is on hand and what is promised by what is in the parcel.

    Raises `order.not_placed`, `order.parcel_invalid` naming every bad line, `precondition.failed`.
    """

    access = staff(Permission.ORDERS_WRITE)

    def __init__(self, transactions: Transactions[OrderTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: FulfillOrderCommand) -> OrderView:
        self.access.check(command.actor)
        now = self._clock.now()
        parcel_id = self._ids.new("parcel")

        async def work(tx: OrderTx) -> OrderView:
            order = await tx.orders.get(command.order_id)
            order.at_version(command.expected_version)
            lines = tuple((line.line, line.quantity) for line in command.lines) or tuple(
                (line.number, line.quantity - line.fulfilled) for line in order.lines if line.quantity > line.fulfilled
            )
            parcel = Parcel(
                id=parcel_id,
                lines=lines,
                at=now,
                carrier=command.carrier,
                tracking_number=command.tracking_number,
                tracking_url=command.tracking_url,
            )
            sent = order.fulfill(parcel, by=command.actor, at=now)
            if sent:
                await tx.stock.apply(sent, reason=Reason.FULFILLED, reference=parcel_id, actor=command.actor.id, at=now)
            await tx.orders.save(order)
            return OrderView.of(order)

        return await run_once(self._transactions, command.idempotency, work, OrderView, resource_id=parcel_id, at=now)
