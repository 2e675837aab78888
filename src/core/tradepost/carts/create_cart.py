"""Start a cart."""

from collections.abc import Mapping

import msgspec

from tradepost.carts.cart import Cart
from tradepost.carts.checking import terms_of, view_of
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartView
from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import currency
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.terms import SalePolicy


class CreateCartCommand(msgspec.Struct, frozen=True, kw_only=True):
    """In which currency. A signed-in customer owns it; a guest gets its token."""

    actor: Actor
    currency: str
    metadata: Mapping[str, str] = {}
    idempotency: IdempotencyKey | None = None


class CreateCart:
    """Raises `currency.unknown`."""

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[CartTx],
        clock: Clock,
        ids: TypeIds,
        tokens: GuestTokens,
        policy: SalePolicy,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, command: CreateCartCommand) -> CartView:
        now = self._clock.now()
        cart_id = self._ids.new("cart")
        code = currency(command.currency)

        async def work(tx: CartTx) -> CartView:
            cart = Cart(
                id=cart_id,
                currency=code,
                customer_id=command.actor.customer_id,
                created_at=now,
                updated_at=now,
                metadata=command.metadata,
            )
            await tx.carts.add(cart)
            return view_of(cart, await terms_of(tx, cart, self._policy), self._policy)

        view = await run_once(self._transactions, command.idempotency, work, CartView, resource_id=cart_id, at=now)
        if view.customer_id is not None:
            return view
        return msgspec.structs.replace(view, token=self._tokens.token(view.id))
