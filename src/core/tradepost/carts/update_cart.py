"""Say who buys, where it goes and how it travels."""

import msgspec

from tradepost.carts.checking import require_access, terms_of, view_of
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.addresses import Contact
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.terms import SalePolicy


class UpdateCartCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The contact and the shipping method, whole: what is left out is taken away."""

    actor: Actor
    cart_id: str
    contact: Contact
    shipping_method: str | None
    cart_token: str | None = None
    expected_version: int | None = None


class UpdateCart:
    """Raises `cart.invalid` with every fault, `cart.closed`, `precondition.failed`."""

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    def __init__(
        self, transactions: Transactions[CartTx], clock: Clock, tokens: GuestTokens, policy: SalePolicy
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, command: UpdateCartCommand) -> CartView:
        async def work(tx: CartTx) -> CartView:
            cart = await tx.carts.get(command.cart_id)
            require_access(self.access, command.actor, cart, command.cart_token, self._tokens)
            cart.at_version(command.expected_version)
            cart.describe(command.contact, command.shipping_method, at=self._clock.now())
            await tx.carts.save(cart)
            return view_of(cart, await terms_of(tx, cart, self._policy), self._policy)

        return await self._transactions.run(work)
