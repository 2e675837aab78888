"""Turn a cart into an order and start its payment."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.carts.cart import Cart
from tradepost.carts.checking import require_access, terms_of, view_of
from tradepost.carts.ports import HasCarts
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.orders.buying import Buying
from tradepost.orders.placing import Draft, OrderItem, PaymentInput, check_form
from tradepost.orders.ports import SaleTx
from tradepost.orders.views import OrderView


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


class CheckOutCart(Buying[CheckoutTx]):
    """The cart becomes an order in one transaction: from then on the order is what is paid, also after a decline.
    Staff who check out for a customer need `store_credit:write` to take of the customer's store credit.

    Raises `cart.changed` when a line has a message (show them, accept the cart, try again), `cart.empty`,
    `cart.closed`, and what `PlaceOrder` raises.
    """

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    async def __call__(self, command: CheckOutCartCommand) -> OrderView:
        async def cart_as_draft(tx: CheckoutTx, order_id: str, at: datetime) -> Draft:
            cart = await self._ready_cart(tx, command)
            draft = _draft(cart, command)
            cart.ordered(order_id, at=at)
            await tx.carts.save(cart)
            return draft

        return await self._buy(command.actor, command.idempotency, cart_as_draft)

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
