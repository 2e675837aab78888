"""What carts need from outside."""

from datetime import datetime
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

    async def idle(self, since: datetime, limit: int, /) -> tuple[str, ...]:
        """Open carts with something in them that nobody has changed since then and that nobody was told of; longest idle
        first. They are held until the transaction ends, and those that somebody else holds are left out."""
        ...

    async def forget_guests(self, before: datetime, limit: int, /) -> int:
        """Delete at most `limit` carts that are nobody's, became no order and were last changed before then, with the
        personal data in them; how many."""
        ...


class HasCarts(Protocol):
    @property
    def carts(self) -> Carts: ...


class CartTx(HasCarts, HasTerms, HasIdempotency, Protocol):
    """What carts touch."""
