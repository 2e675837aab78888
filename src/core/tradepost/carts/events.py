"""Facts about carts."""

from datetime import datetime

from tradepost.kernel.events import Event
from tradepost.kernel.money import Money


class CartOrdered(Event, frozen=True, kw_only=True, tag="tradepost.cart.ordered.v1"):
    """The cart was checked out and became an order."""

    cart_id: str
    order_id: str


class CartAbandoned(Event, frozen=True, kw_only=True, tag="tradepost.cart.abandoned.v1"):
    """There is something in the cart, and nobody has touched it for as long as the shop waits. Told once until somebody
    touches it again. `customer_id` is None for a guest; `subtotal` is at the prices the buyer was last shown."""

    cart_id: str
    customer_id: str | None
    subtotal: Money
    idle_since: datetime
