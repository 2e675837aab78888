"""An offer: what a variant can be bought for right now, as checkout and carts see it."""

import msgspec

from tradepost.kernel.money import Money


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A published variant with its price in the asked currency; `price` is None where it has none in that currency."""

    sku: str
    variant_id: str
    product_id: str
    name: str
    price: Money | None
    tax_category: str = "standard"
    weight_g: int = 0
    tracked: bool = True
