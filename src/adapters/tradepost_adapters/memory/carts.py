"""Carts, in memory."""

from copy import copy
from datetime import datetime

from tradepost.carts.cart import Cart, CartStatus
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, Session, TableOf
from tradepost_adapters.memory.outbox import MemoryOutbox

CARTS = TableOf[str, Cart](
    "carts",
    open=Index(lambda cart: cart.customer_id if cart.status is CartStatus.OPEN else None),
)


class MemoryCarts(Aggregates[Cart]):
    """`Carts` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, CARTS, "cart")

    async def open_of(self, customer_id: str, /) -> Cart | None:
        found = sorted(self.rows.by("open", customer_id), key=lambda cart: cart.id)
        return copy(found[-1]) if found else None

    async def idle(self, since: datetime, limit: int, /) -> tuple[str, ...]:
        found = (
            cart
            for cart in self.rows.values()
            if cart.status is CartStatus.OPEN and cart.lines and cart.abandoned_at is None and cart.updated_at <= since
        )
        return tuple(cart.id for cart in sorted(found, key=lambda cart: (cart.updated_at, cart.id))[:limit])

    async def forget_guests(self, before: datetime, limit: int, /) -> int:
        found = [
            cart.id
            for cart in self.rows.values()
            if cart.customer_id is None and cart.order_id is None and cart.updated_at < before
        ][:limit]
        for cart_id in found:
            del self.rows[cart_id]
        return len(found)
