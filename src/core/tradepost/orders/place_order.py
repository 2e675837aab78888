"""Buy a list of SKUs and quantities in one call."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.addresses import Address, Contact
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.placing import Draft, OrderItem, PaymentInput, check_form, open_order
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import SaleTx
from tradepost.orders.settlement import declined
from tradepost.orders.views import OrderView
from tradepost.payments.payment import Operation, OperationStatus


class PlaceOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to buy, where it goes and how it is paid. Lines of one SKU are added up."""

    actor: Actor
    lines: tuple[OrderItem, ...]
    currency: str
    payment: PaymentInput = PaymentInput()
    email: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method: str | None = None
    metadata: Mapping[str, str] = {}
    idempotency: IdempotencyKey | None = None


class PlaceOrder:
    """Makes the order, holds its stock and starts its payment: all of it, or nothing.

    Gives the order as it is then: `placed` when paid (or paid later), `pending` with `next_action` when the buyer has
    to confirm, `pending` with `payment_pending` when the gateway has not said (recovery carries it to its end).

    Raises `order.invalid` and `order.not_for_sale` with every fault, `stock.insufficient` naming every SKU,
    `payment.declined` with the order's id (it stays payable until it expires), and what `run_once` raises.
    """

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[SaleTx],
        runner: OperationRunner,
        clock: Clock,
        ids: TypeIds,
        tokens: GuestTokens,
        policy: OrderPolicy,
        gateway: str,
    ) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._policy = policy
        self._gateway = gateway

    async def __call__(self, command: PlaceOrderCommand) -> OrderView:
        draft = Draft(
            items=command.lines,
            currency=command.currency,
            contact=Contact(
                email=command.email,
                shipping_address=command.shipping_address,
                billing_address=command.billing_address,
            ),
            shipping_method=command.shipping_method,
            payment=command.payment,
            customer_id=command.actor.customer_id,
            metadata=command.metadata,
        )
        check_form(draft)
        order_id, operation_id = self._ids.new("order"), self._ids.new("op")
        started: list[Operation] = []
        now = self._clock.now()

        async def work(tx: SaleTx) -> OrderView:
            started.clear()
            order, operation = await open_order(
                tx,
                draft,
                order_id=order_id,
                operation_id=operation_id,
                ids=self._ids,
                policy=self._policy,
                gateway=self._gateway,
                by=command.actor.id,
                at=now,
            )
            if operation is not None:
                started.append(operation)
            return OrderView.of(order, operation)

        with telling_guests(self._tokens, command.actor.customer_id):
            view = await run_once(
                self._transactions,
                command.idempotency,
                work,
                OrderView,
                resource_id=operation_id,
                at=now,
                finishes=lambda _: not started,
            )
            if started and view.id == order_id:
                view = await pay(self._runner, started[0], self._gateway)
        return msgspec.structs.replace(view, token=self._tokens.token(view.id))


@contextmanager
def telling_guests(tokens: GuestTokens, customer_id: str | None) -> Iterator[None]:
    """A guest whose payment is declined is told the token of the order: nothing else would let them pay it."""
    try:
        yield
    except TradepostError as error:
        if error.kind is Kind.PAYMENT_DECLINED and customer_id is None:
            error.data["order_token"] = tokens.token(error.data["order_id"])
        raise


async def pay(runner: OperationRunner, operation: Operation, gateway: str) -> OrderView:
    """Send an authorization and say what became of the order. Raises `payment.declined`."""
    order, operation = await runner.send(operation, gateway)
    if operation.status is OperationStatus.FAILED:
        raise declined(order, operation)
    return OrderView.of(order, operation)
