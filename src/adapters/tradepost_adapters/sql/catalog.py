"""The catalog's products in SQL: a product with its variants, prices and categories is one query."""

from typing import Any

from sqlalchemy import Text, bindparam, delete, select

from tradepost.catalog.errors import SkuTaken, SlugTaken
from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.kernel.money import Money
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Row, UniqueViolation
from tradepost_adapters.sql.json_rows import json_rows
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.catalog import product_categories, products, variant_prices, variants

_VariantRow = tuple[int, str, str, str, Any, str, int, bool, str | None]
_VARIANT = (
    variants.c.position,
    variants.c.id,
    variants.c.sku,
    variants.c.title,
    variants.c.options,
    variants.c.tax_category,
    variants.c.weight_g,
    variants.c.tracked,
    variants.c.barcode,
)


def whole_product() -> Any:
    """A product's row with everything of it, as `product_from` reads it."""
    prices = (variants.c.id == variant_prices.c.variant_id) & (variants.c.product_id == products.c.id)
    return select(
        products,
        json_rows(variants, variants.c.product_id == products.c.id, *_VARIANT, of=list[_VariantRow]).label("variants"),
        json_rows(
            variant_prices,
            prices,
            variant_prices.c.variant_id,
            variant_prices.c.currency,
            variant_prices.c.amount,
            of=list[tuple[str, str, int]],
        ).label("prices"),
        json_rows(
            product_categories,
            product_categories.c.product_id == products.c.id,
            product_categories.c.category_id,
            of=list[tuple[str]],
        ).label("category_ids"),
    )


def _to_row(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "slug": product.slug,
        "title": product.title,
        "description": product.description,
        "status": product.status.value,
        "options": product.options,
        "images": product.images,
        "external_id": product.external_id,
        "metadata": product.metadata,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }


def product_from(row: Row) -> Product:
    (
        id_, version, slug, title, description, status, options, images, external_id, metadata, created_at, updated_at,
        variant_rows, price_rows, category_rows,
    ) = row  # fmt: skip
    prices: dict[str, list[Money]] = {}
    for variant_id, currency, amount in sorted(price_rows):
        prices.setdefault(variant_id, []).append(Money(amount, currency))
    return Product(
        id=id_,
        version=version,
        slug=slug,
        title=title,
        description=description,
        status=ProductStatus(status),
        options=options,
        images=images,
        external_id=external_id,
        metadata=metadata,
        created_at=created_at,
        updated_at=updated_at,
        variants=tuple(
            Variant(
                id=variant_id,
                sku=sku,
                title=variant_title,
                options=chosen,
                prices=tuple(prices.get(variant_id, ())),
                tax_category=tax_category,
                weight_g=weight_g,
                tracked=tracked,
                barcode=barcode,
            )
            for _, variant_id, sku, variant_title, chosen, tax_category, weight_g, tracked, barcode in sorted(
                variant_rows, key=lambda each: each[0]
            )
        ),
        category_ids=tuple(sorted(each[0] for each in category_rows)),
    )


_PRODUCT = Mapper(
    products, "product", _to_row, product_from, fixed=("created_at",), selected=whole_product, conflict=SlugTaken
)
_VARIANTS = Insert(variants, conflict=SkuTaken)
_PRICES = Insert(variant_prices)
_CATEGORIES = Insert(product_categories)

_id: Any = bindparam("id", type_=Text())
_DROP_PRICES = Statement(
    delete(variant_prices).where(variant_prices.c.variant_id.in_(select(variants.c.id).where(variants.c.product_id == _id))),
    name="variant_prices.drop",
)
_DROP_VARIANTS = Statement(delete(variants).where(variants.c.product_id == _id), name="variants.drop")
_DROP_CATEGORIES = Statement(
    delete(product_categories).where(product_categories.c.product_id == _id), name="product_categories.drop"
)


class SqlProducts(SqlAggregates[Product]):
    """`Products` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _PRODUCT)

    async def add(self, aggregate: Product, /) -> None:
        await super().add(aggregate)
        self._write_parts(aggregate)

    async def save(self, aggregate: Product, /) -> None:
        """The parts are written anew: nothing points at them, and a product has few."""
        try:
            await super().save(aggregate)
        except UniqueViolation as violation:
            if violation.concerns("products", "slug"):
                raise SlugTaken from violation
            raise
        for statement in (_DROP_PRICES, _DROP_VARIANTS, _DROP_CATEGORIES):
            await self._connection.run(statement, {"id": aggregate.id})
        self._write_parts(aggregate)

    def _write_parts(self, product: Product) -> None:
        if product.variants:
            rows = [
                {
                    "id": variant.id,
                    "product_id": product.id,
                    "position": position,
                    "sku": variant.sku,
                    "title": variant.title,
                    "options": variant.options,
                    "tax_category": variant.tax_category,
                    "weight_g": variant.weight_g,
                    "tracked": variant.tracked,
                    "barcode": variant.barcode,
                }
                for position, variant in enumerate(product.variants)
            ]
            self._connection.defer(_VARIANTS, rows)
        prices = [
            {"variant_id": variant.id, "currency": price.currency, "amount": price.amount}
            for variant in product.variants
            for price in variant.prices
        ]
        if prices:
            self._connection.defer(_PRICES, prices)
        if product.category_ids:
            self._connection.defer(
                _CATEGORIES,
                [{"product_id": product.id, "category_id": category_id} for category_id in product.category_ids],
            )
