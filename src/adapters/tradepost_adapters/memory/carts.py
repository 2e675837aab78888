"""Carts, in memory."""

from copy import copy

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
