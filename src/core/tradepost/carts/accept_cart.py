"""Accept a cart as it is today: new prices, what is left of each, without what can not be bought any more."""

import msgspec

from tradepost.carts.checking import require_access, terms_of, view_of
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.terms import SalePolicy


class AcceptCartCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which cart, and the version that was looked at: only what was seen can be accepted."""

    actor: Actor
    cart_id: str
    cart_token: str | None = None
    expected_version: int | None = None


class AcceptCart:
    """Settles every message of the cart; it can be checked out then. Raises `cart.closed`, `precondition.failed`."""

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    def __init__(
        self, transactions: Transactions[CartTx], clock: Clock, tokens: GuestTokens, policy: SalePolicy
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, command: AcceptCartCommand) -> CartView:
        now = self._clock.now()

        async def work(tx: CartTx) -> CartView:
            cart = await tx.carts.get(command.cart_id)
            require_access(self.access, command.actor, cart, command.cart_token, self._tokens)
            cart.at_version(command.expected_version)
            terms = await terms_of(tx, cart, self._policy)
            for line in cart.lines:
                offer = terms.offers.get(line.sku)
                left = line.quantity if offer is None or not offer.tracked else min(offer.available, line.quantity)
                if offer is None or offer.price is None or left < 1:
                    cart.remove(line.sku, at=now)
                else:
                    cart.put(
                        msgspec.structs.replace(line, name=offer.name, unit_price=offer.price, quantity=left), at=now
                    )
            await tx.carts.save(cart)
            return view_of(cart, terms, self._policy)

        return await self._transactions.run(work)
