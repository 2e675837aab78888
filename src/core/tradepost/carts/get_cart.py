"""Read a cart at today's prices."""

import msgspec

from tradepost.carts.checking import require_access, terms_of, view_of
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.terms import SalePolicy


class GetCartQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which cart; a guest shows its token."""

    actor: Actor
    cart_id: str
    cart_token: str | None = None


class GetCart:
    """Prices and availability are those of now; every line that has changed says so. Nothing is written.

    Raises NotFound when there is none, and when it is somebody else's.
    """

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    def __init__(self, transactions: Transactions[CartTx], tokens: GuestTokens, policy: SalePolicy) -> None:
        self._transactions = transactions
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, query: GetCartQuery) -> CartView:
        async def work(tx: CartTx) -> CartView:
            cart = await tx.carts.get(query.cart_id)
            require_access(self.access, query.actor, cart, query.cart_token, self._tokens)
            return view_of(cart, await terms_of(tx, cart, self._policy), self._policy)

        return await self._transactions.run(work)
