"""The catalog's products in SQL: a product with its variants, prices and categories is one query."""

from collections.abc import Sequence
from typing import Any, NoReturn

from sqlalchemy import Text, bindparam, delete, exists, select, update

from tradepost.catalog.errors import ExternalIdTaken, SkuTaken, SlugTaken
from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.catalog.search import searchable
from tradepost.catalog.words import sort_key
from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, ForeignKeyViolation, Row, UniqueViolation
from tradepost_adapters.sql.json_rows import json_rows
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.catalog import (
    product_categories,
    product_prices,
    product_search,
    products,
    variant_prices,
    variants,
)

_VariantRow = tuple[int, str, str, str, Any, str, int, bool, str | None]
VARIANT_COLUMNS = (
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


PRODUCT_COLUMNS = tuple(column for column in products.columns if column is not products.c.title_key)


def whole_product() -> Any:
    """A product's row with everything of it, as `product_from` reads it."""
    prices = (variants.c.id == variant_prices.c.variant_id) & (variants.c.product_id == products.c.id)
    return select(
        *PRODUCT_COLUMNS,
        json_rows(variants, variants.c.product_id == products.c.id, *VARIANT_COLUMNS, of=list[_VariantRow]).label(
            "variants"
        ),
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
        "title_key": sort_key(product.title),
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


_PRODUCT = Mapper(products, "product", _to_row, product_from, fixed=("created_at",), selected=whole_product)
_OF_SKU = _PRODUCT.query(
    exists().where(variants.c.product_id == products.c.id, variants.c.sku == bindparam("sku")), name="of_sku"
)
_OF_EXTERNAL_ID = _PRODUCT.query(products.c.external_id == bindparam("external_id"), name="of_external_id")

_VARIANTS = Insert(variants, conflict=SkuTaken)
_NEW_PRODUCTS = Insert(products, conflict=lambda: StaleVersion("A product of the batch"))
_NEW_VARIANTS = Insert(variants, conflict=lambda: StaleVersion("A variant of the batch"))
_PRICES = Insert(variant_prices)
_LOWEST = Insert(product_prices)
_CATEGORIES = Insert(product_categories)
_WORDS = Insert(product_search)

_id: Any = bindparam("id", type_=Text())
_words: Any = bindparam("new_words", type_=Text())
_DROP_PRICES = Statement(
    delete(variant_prices).where(
        variant_prices.c.variant_id.in_(select(variants.c.id).where(variants.c.product_id == _id))
    ),
    name="variant_prices.drop",
)
_DROP_VARIANTS = Statement(delete(variants).where(variants.c.product_id == _id), name="variants.drop")
_DROP_LOWEST = Statement(delete(product_prices).where(product_prices.c.product_id == _id), name="product_prices.drop")
_DROP_CATEGORIES = Statement(
    delete(product_categories).where(product_categories.c.product_id == _id), name="product_categories.drop"
)
_CHANGE_WORDS = Statement(
    update(product_search)
    .where(product_search.c.product_id == _id, product_search.c.words != _words)
    .values(words=_words),
    name="product_search.change",
)


class SqlProducts(SqlAggregates[Product]):
    """`Products` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _PRODUCT)

    async def of_sku(self, sku: str, /) -> Product:
        found = await self.found(_OF_SKU, {"sku": sku})
        if not found:
            raise NotFound("product", sku)
        return found[0]

    async def of_external_id(self, external_id: str, /) -> Product | None:
        found = await self.found(_OF_EXTERNAL_ID, {"external_id": external_id})
        return found[0] if found else None

    async def add(self, aggregate: Product, /) -> None:
        """Insert at once, and not at commit, so that the refusal can say what is taken."""
        messages = aggregate.take_messages()
        aggregate.version += 1
        try:
            await self._connection.insert(_PRODUCT.insert, ({**_to_row(aggregate), "version": aggregate.version},))
        except UniqueViolation as violation:
            _refuse(violation)
        self._connection.defer(_WORDS, [{"product_id": aggregate.id, "words": searchable(aggregate)}])
        await self._write_parts(aggregate)
        await self._facts.append(messages)

    async def add_all(self, aggregates: Sequence[Product], /) -> None:
        """Insert new ones together with other rows nobody waits for. Raises StaleVersion, at commit at the latest, when
        something of one is taken: who adds many has looked before, and looks again."""
        messages = [message for each in aggregates for message in each.take_messages()]
        for aggregate in aggregates:
            aggregate.version += 1
        defer = self._connection.defer
        defer(_NEW_PRODUCTS, [{**_to_row(each), "version": each.version} for each in aggregates])
        defer(_WORDS, [{"product_id": each.id, "words": searchable(each)} for each in aggregates])
        for insert, rows_of in ((_NEW_VARIANTS, _variant_rows), (_PRICES, _price_rows), (_LOWEST, _lowest_rows)):
            defer(insert, [row for each in aggregates for row in rows_of(each)])
        placed = [(each.id, category_id) for each in aggregates for category_id in each.category_ids]
        defer(_CATEGORIES, [{"product_id": each, "category_id": category_id} for each, category_id in placed])
        await self._facts.append(messages)

    async def save(self, aggregate: Product, /) -> None:
        """The parts are written anew: nothing points at them, and a product has few."""
        try:
            await super().save(aggregate)
        except UniqueViolation as violation:
            _refuse(violation)
        for statement in (_DROP_PRICES, _DROP_VARIANTS, _DROP_LOWEST, _DROP_CATEGORIES):
            await self._connection.run(statement, {"id": aggregate.id})
        await self._connection.run(_CHANGE_WORDS, {"id": aggregate.id, "new_words": searchable(aggregate)})
        await self._write_parts(aggregate)

    async def _write_parts(self, product: Product) -> None:
        if product.category_ids:
            rows = [{"product_id": product.id, "category_id": category_id} for category_id in product.category_ids]
            try:
                await self._connection.insert(_CATEGORIES, rows)
            except ForeignKeyViolation as violation:  # a category was deleted at the same moment: look again
                raise StaleVersion(product.id) from violation
        for insert, rows in (
            (_VARIANTS, _variant_rows(product)),
            (_PRICES, _price_rows(product)),
            (_LOWEST, _lowest_rows(product)),
        ):
            if rows:
                self._connection.defer(insert, rows)


def _variant_rows(product: Product) -> list[dict[str, Any]]:
    return [
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


def _price_rows(product: Product) -> list[dict[str, Any]]:
    return [
        {"variant_id": variant.id, "currency": price.currency, "amount": price.amount}
        for variant in product.variants
        for price in variant.prices
    ]


def _lowest_rows(product: Product) -> list[dict[str, Any]]:
    lowest: dict[str, int] = {}
    for variant in product.variants:
        for price in variant.prices:
            lowest[price.currency] = min(price.amount, lowest.get(price.currency, price.amount))
    status = product.status.value
    return [
        {"product_id": product.id, "currency": currency, "status": status, "lowest": amount}
        for currency, amount in lowest.items()
    ]


def _refuse(violation: UniqueViolation) -> NoReturn:
    if violation.concerns("products", "slug"):
        raise SlugTaken from violation
    if violation.concerns("products", "external_id"):
        raise ExternalIdTaken from violation
    raise violation
