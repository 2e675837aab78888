"""Go on after the buyer has done what the payment asked for (3-D Secure)."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.order import Order
from tradepost.orders.ports import OrderTx
from tradepost.orders.reading import require_access
from tradepost.orders.settlement import declined
from tradepost.orders.views import OrderView
from tradepost.payments.gateway import Authorize
from tradepost.payments.payment import Operation, OperationStatus


class ConfirmPaymentCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which order's payment to look after."""

    actor: Actor
    order_id: str
    order_token: str | None = None


class ConfirmPayment:
    """Asks the gateway what became of the order's waiting payment, and records it. Safe to repeat.

    Gives the order: placed, or still with its `next_action`. Raises `payment.declined` when the buyer failed or
    refused, `payment.nothing_to_confirm` when no payment of it ever waited for the buyer.
    """

    access = own_or(Permission.PAYMENTS_WRITE, seen_with=Permission.ORDERS_READ, by_token=True)

    def __init__(self, transactions: Transactions[OrderTx], runner: OperationRunner, tokens: GuestTokens) -> None:
        self._transactions = transactions
        self._runner = runner
        self._tokens = tokens

    async def __call__(self, command: ConfirmPaymentCommand) -> OrderView:
        async def find(tx: OrderTx) -> tuple[Order, Operation, str | None]:
            order = await tx.orders.get(command.order_id)
            require_access(
                self.access,
                command.actor,
                order_id=order.id,
                customer_id=order.customer_id,
                token=command.order_token,
                tokens=self._tokens,
            )
            tried = [
                (operation, payment.gateway)
                for payment in await tx.payments.of_order(order.id)
                for operation in await tx.operations.of_payment(payment.id)
                if operation.reference is not None or not operation.settled
            ]
            if not tried:
                raise Conflict(
                    "payment.nothing_to_confirm", f"Order {order.number} has no payment waiting to be confirmed."
                )
            # An order is paid in parts, and an earlier payment may be the one that is tried again.
            latest, gateway = max(tried, key=lambda each: (not each[0].settled, each[0].created_at, each[0].id))
            return order, latest, gateway

        order, operation, gateway = await self._transactions.run(find)
        if operation.next_action is not None:
            order, operation = await self._runner.ask(operation, gateway)
        if operation.status is OperationStatus.FAILED and isinstance(operation.request, Authorize):
            raise declined(order, operation)
        return OrderView.of(order, operation)
