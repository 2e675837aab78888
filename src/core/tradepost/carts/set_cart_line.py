"""Put something into a cart, change how many, or take it out."""

import msgspec

from tradepost.carts.cart import CartLine
from tradepost.carts.checking import offered, require_access, terms_of, view_of
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.terms import SalePolicy


class SetCartLineCommand(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the SKU are to be in the cart: `quantity` in all, or so many `more` when `add`. 0 takes it out."""

    actor: Actor
    cart_id: str
    sku: str
    quantity: int
    add: bool = False
    cart_token: str | None = None
    expected_version: int | None = None
    idempotency: IdempotencyKey | None = None


class SetCartLine:
    """The line gets today's price: whoever changes it has seen it.

    Raises `cart.not_for_sale`, `cart.no_price`, `stock.insufficient`, `cart.full`, `cart.closed`, `cart.invalid`.
    """

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    def __init__(
        self, transactions: Transactions[CartTx], clock: Clock, tokens: GuestTokens, policy: SalePolicy
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, command: SetCartLineCommand) -> CartView:
        now = self._clock.now()

        async def work(tx: CartTx) -> CartView:
            cart = await tx.carts.get(command.cart_id)
            require_access(self.access, command.actor, cart, command.cart_token, self._tokens)
            cart.at_version(command.expected_version)
            terms = await terms_of(tx, cart, self._policy, command.sku)
            own = cart.line(command.sku)
            quantity = command.quantity + (own.quantity if own is not None and command.add else 0)
            if quantity == 0:
                cart.remove(command.sku, at=now)
            else:
                offer, price = offered(terms, command.sku)
                if offer.tracked and quantity > offer.available:
                    raise Conflict(
                        "stock.insufficient",
                        f"Only {max(offer.available, 0)} of {offer.name} are left, not {quantity}.",
                        {"lines": [{"sku": command.sku, "requested": quantity, "available": max(offer.available, 0)}]},
                    )
                line = CartLine(sku=command.sku, name=offer.name, quantity=quantity, unit_price=price)
                cart.put(line, at=now)
            await tx.carts.save(cart)
            return view_of(cart, terms, self._policy)

        return await run_once(
            self._transactions, command.idempotency, work, CartView, resource_id=command.cart_id, at=now
        )
