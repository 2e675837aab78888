"""What the catalog needs from outside."""

from typing import Protocol

from tradepost.catalog.product import Product


class Products(Protocol):
    """The products, inside a transaction."""

    async def get(self, product_id: str, /) -> Product:
        """Raises NotFound."""
        ...

    async def add(self, product: Product, /) -> None:
        """Raises `product.slug_taken` or `product.sku_taken` (conflicts), at commit at the latest."""
        ...

    async def save(self, product: Product, /) -> None:
        """Raises StaleVersion when somebody saved it since, and what `add` raises."""
        ...


class HasProducts(Protocol):
    @property
    def products(self) -> Products: ...
