"""What the shop decides once about its carts."""

from datetime import timedelta

import msgspec


class CartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a cart has to lie idle until it counts as abandoned, and how long a guest's is kept that nobody touches.
    A customer's cart is kept for them."""

    abandoned_after: timedelta = timedelta(days=1)
    guests_kept: timedelta = timedelta(days=90)
