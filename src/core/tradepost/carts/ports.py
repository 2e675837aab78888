"""What carts need from outside."""

from typing import Protocol

from tradepost.carts.cart import Cart
from tradepost.kernel.idempotency import HasIdempotency
from tradepost.pricing.terms import HasTerms


class Carts(Protocol):
    """The carts, inside a transaction."""

    async def get(self, cart_id: str, /) -> Cart:
        """Raises NotFound."""
        ...

    async def open_of(self, customer_id: str, /) -> Cart | None:
        """The customer's open cart, the latest one."""
        ...

    async def add(self, cart: Cart, /) -> None: ...

    async def save(self, cart: Cart, /) -> None:
        """Raises StaleVersion when somebody saved it since."""
        ...


class HasCarts(Protocol):
    @property
    def carts(self) -> Carts: ...


class CartTx(HasCarts, HasTerms, HasIdempotency, Protocol):
    """What carts touch."""
