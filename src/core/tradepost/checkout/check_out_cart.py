"""Turn a cart into an order and start its payment."""

from typing import Protocol

import msgspec

from tradepost.carts.cart import Cart
from tradepost.carts.checking import require_access, terms_of, view_of
from tradepost.carts.ports import HasCarts
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.place_order import pay, telling_guests
from tradepost.orders.placing import Draft, OrderItem, PaymentInput, check_form, open_order
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import SaleTx
from tradepost.orders.views import OrderView
from tradepost.payments.payment import Operation


class CheckoutTx(SaleTx, HasCarts, Protocol):
    """What checking out touches."""


class CheckOutCartCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which cart, and how it is paid."""

    actor: Actor
    cart_id: str
    payment: PaymentInput
    cart_token: str | None = None
    expected_version: int | None = None
    idempotency: IdempotencyKey | None = None


class CheckOutCart:
    """The cart becomes an order in one transaction: from then on the order is what is paid, also after a decline.

    Raises `cart.changed` when a line has a message (show them, accept the cart, try again), `cart.empty`,
    `cart.closed`, and what `PlaceOrder` raises.
    """

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    def __init__(
        self,
        transactions: Transactions[CheckoutTx],
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

    async def __call__(self, command: CheckOutCartCommand) -> OrderView:
        order_id, operation_id = self._ids.new("order"), self._ids.new("op")
        started: list[Operation] = []
        now = self._clock.now()

        async def work(tx: CheckoutTx) -> OrderView:
            started.clear()
            cart = await self._ready_cart(tx, command)
            order, operation = await open_order(
                tx,
                _draft(cart, command),
                order_id=order_id,
                operation_id=operation_id,
                ids=self._ids,
                policy=self._policy,
                gateway=self._gateway,
                by=command.actor.id,
                at=now,
            )
            cart.ordered(order.id, at=now)
            await tx.carts.save(cart)
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

    async def _ready_cart(self, tx: CheckoutTx, command: CheckOutCartCommand) -> Cart:
        cart = await tx.carts.get(command.cart_id)
        require_access(self.access, command.actor, cart, command.cart_token, self._tokens)
        cart.at_version(command.expected_version)
        if not cart.lines:
            raise Conflict("cart.empty", "There is nothing in this cart; put something in first.")
        seen = view_of(cart, await terms_of(tx, cart, self._policy), self._policy)
        if any(line.messages for line in seen.lines):
            raise Conflict(
                "cart.changed",
                "The cart has changed since it was last seen; show the messages and accept the cart first.",
                {"lines": [msgspec.to_builtins(line) for line in seen.lines if line.messages]},
            )
        return cart


def _draft(cart: Cart, command: CheckOutCartCommand) -> Draft:
    draft = Draft(
        items=tuple(OrderItem(sku=line.sku, quantity=line.quantity) for line in cart.lines),
        currency=cart.currency,
        contact=cart.contact,
        shipping_method=cart.shipping_method,
        payment=command.payment,
        customer_id=cart.customer_id,
        metadata=cart.metadata,
    )
    check_form(draft)
    return draft
