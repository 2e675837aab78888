"""An offer: what a variant can be bought for right now, as checkout and carts see it."""

import msgspec

from tradepost.catalog.product import Product
from tradepost.kernel.money import Money


class Offer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A published variant with its price in the asked currency; `price` is None where it has none in that currency.

    `available` is how many can be sold right now; it says nothing about a variant that is not `tracked`.
    """

    sku: str
    variant_id: str
    product_id: str
    name: str
    price: Money | None
    tax_category: str = "standard"
    weight_g: int = 0
    tracked: bool = True
    available: int = 0


def offer_of(product: Product, sku: str, currency: str, *, available: int) -> Offer:
    """What a variant of the product is offered for. The name is what an order line will say."""
    variant = next(variant for variant in product.variants if variant.sku == sku)
    return Offer(
        sku=sku,
        variant_id=variant.id,
        product_id=product.id,
        name=offer_name(product.title, variant.title),
        price=variant.price(currency),
        tax_category=variant.tax_category,
        weight_g=variant.weight_g,
        tracked=variant.tracked,
        available=available,
    )


def offer_name(product: str, variant: str) -> str:
    """How an order line names what was bought: the product, and the variant where it has a title of its own."""
    return f"{product} – {variant}" if variant else product
