"""Facts about carts."""

from tradepost.kernel.events import Event


class CartOrdered(Event, frozen=True, kw_only=True, tag="tradepost.cart.ordered.v1"):
    """The cart was checked out and became an order."""

    cart_id: str
    order_id: str
