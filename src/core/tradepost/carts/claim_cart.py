"""At sign-in, a guest's cart becomes the customer's: merged into the open one, if there is one."""

import msgspec

from tradepost.carts.checking import require_access, terms_of, view_of
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.terms import SalePolicy


class ClaimCartCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The guest's cart, and its token."""

    actor: Actor
    cart_id: str
    cart_token: str | None = None


class ClaimCart:
    """Gives the customer's cart afterward: the guest's own, or the open one with the guest's lines added. Claiming a
    cart twice changes nothing.

    Raises `auth.required` for a guest, `cart.closed` for a cart that was ordered.
    """

    access = own_or(Permission.CUSTOMERS_WRITE)

    def __init__(
        self, transactions: Transactions[CartTx], clock: Clock, tokens: GuestTokens, policy: SalePolicy
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, command: ClaimCartCommand) -> CartView:
        customer_id = command.actor.customer_id
        if customer_id is None:
            raise TradepostError(
                Kind.UNAUTHENTICATED, "auth.required", "Sign in first: a guest's cart is theirs already."
            )
        now = self._clock.now()

        async def work(tx: CartTx) -> CartView:
            cart = await tx.carts.get(command.cart_id)
            require_access(self.access, command.actor, cart, command.cart_token, self._tokens)
            if cart.customer_id != customer_id:
                own = await tx.carts.open_of(customer_id)
                if own is not None and own.currency == cart.currency:
                    own.absorb(cart, at=now)
                    await tx.carts.save(own)
                    await tx.carts.save(cart)
                    cart = own
                else:
                    cart.give_to(customer_id, at=now)
                    await tx.carts.save(cart)
            return view_of(cart, await terms_of(tx, cart, self._policy), self._policy)

        return await self._transactions.run(work)
