"""Facts about the catalog."""

from tradepost.kernel.events import Event


class ProductCreated(Event, frozen=True, kw_only=True, tag="tradepost.product.created.v1"):
    product_id: str


class ProductChanged(Event, frozen=True, kw_only=True, tag="tradepost.product.changed.v1"):
    """Anything about it: its text, its variants, its prices, whether it is published."""

    product_id: str


class CategoryChanged(Event, frozen=True, kw_only=True, tag="tradepost.category.changed.v1"):
    """It is there, or anything about it has changed: its name, its place in the tree."""

    category_id: str


class CategoryDeleted(Event, frozen=True, kw_only=True, tag="tradepost.category.deleted.v1"):
    category_id: str
