"""What callers see of the catalog."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.catalog.category import Category
from tradepost.catalog.product import Image, Option, Product, ProductStatus, Variant
from tradepost.kernel.money import Money


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    """A variant. `prices` has at most one price a currency, in minor units. `available` is how many can be bought now,
    None where stock does not limit it (`tracked` is false)."""

    id: str
    sku: str
    title: str
    options: Mapping[str, str]
    prices: tuple[Money, ...]
    tax_category: str
    weight_g: int
    tracked: bool
    barcode: str | None
    available: int | None = None

    @classmethod
    def of(cls, variant: Variant) -> "VariantView":
        return cls(
            id=variant.id,
            sku=variant.sku,
            title=variant.title,
            options=variant.options,
            prices=variant.prices,
            tax_category=variant.tax_category,
            weight_g=variant.weight_g,
            tracked=variant.tracked,
            barcode=variant.barcode,
        )


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its variants. Read ports leave availability open; the use cases fill it in, fresh every time."""

    id: str
    version: int
    slug: str
    title: str
    description: str
    status: ProductStatus
    options: tuple[Option, ...]
    variants: tuple[VariantView, ...]
    category_ids: tuple[str, ...]
    images: tuple[Image, ...]
    external_id: str | None
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        return cls(
            id=product.id,
            version=product.version,
            slug=product.slug,
            title=product.title,
            description=product.description,
            status=product.status,
            options=product.options,
            variants=tuple(map(VariantView.of, product.variants)),
            category_ids=product.category_ids,
            images=product.images,
            external_id=product.external_id,
            metadata=product.metadata,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A category. `parent_id` is None at the top; siblings are shown by `position`."""

    id: str
    version: int
    slug: str
    name: str
    parent_id: str | None
    position: int
    created_at: datetime

    @classmethod
    def of(cls, category: Category) -> "CategoryView":
        return cls(
            id=category.id,
            version=category.version,
            slug=category.slug,
            name=category.name,
            parent_id=category.parent_id,
            position=category.position,
            created_at=category.created_at,
        )
