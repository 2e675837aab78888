"""`tradepost export`: orders and products as CSV files."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.pages import Page, PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.csv_files import TERMINAL, all_of, writing
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.progress import progress
from tradepost_entrypoints.cli.shop import caller, shop
from tradepost_entrypoints.cli.times import From, Until, utc

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.catalog.views import ProductView, VariantView
    from tradepost.shop import Shop

export = Group(help="Write orders and products to CSV files.")

Target = Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - is the terminal.", show_default=False)]

_ORDER = (
    *("number", "id", "status", "payment_status", "fulfillment_status", "customer_id", "created_at", "placed_at"),
    *("currency", "total", "captured", "refunded"),
)
_PRODUCT = ("product_id", "title", "slug", "description", "status", "images")
_VARIANT = ("sku", "variant_title", "tax_category", "weight_g", "tracked", "barcode")


@export.command("orders", uses=("list_orders",))
async def orders(target: Target, since: From = None, until: Until = None) -> None:
    """Write a row for each order, oldest first. Amounts are in major units: 12.90."""
    from tradepost.orders import ListOrdersQuery, OrderFilter, OrderSummary

    wanted = OrderFilter(created_from=utc(since), created_before=utc(until))
    written = 0
    async with shop() as opened:

        async def ask(page: PageRequest) -> Page[OrderSummary]:
            return await opened.list_orders(ListOrdersQuery(actor=caller(), wanted=wanted, page=page))

        with writing(target, _ORDER) as write, progress("Exporting orders", unit="orders") as advance:
            async for order in all_of(ask, sort="created_at"):
                values = {name: getattr(order, name, None) for name in _ORDER} | {"currency": order.total.currency}
                write([values[name] for name in _ORDER])
                written += 1
                advance(1)
    _tell(target, "orders", written)


@export.command("products", uses=("list_products",))
async def products(target: Target) -> None:
    """Write a row for each variant, in the columns that `tradepost import catalog` reads."""
    written = 0
    async with shop() as opened:
        ask = _asking(opened)
        families: dict[str, None] = {}  # one column a currency, an option, a key: known when all has been seen
        async for product in all_of(ask, sort="created_at"):
            for variant in product.variants:
                families.update(dict.fromkeys(_families(product, variant)))
        columns = (*_PRODUCT, *_VARIANT, *sorted(families))
        with writing(target, columns) as write, progress("Exporting products", unit="variants") as advance:
            async for product in all_of(ask, sort="created_at"):
                for variant in product.variants:
                    values = _row(product, variant)
                    write([values.get(name) for name in columns])
                    written += 1
                    advance(1)
    _tell(target, "variants", written)


def _asking(opened: "Shop") -> "Callable[[PageRequest], Awaitable[Page[ProductView]]]":
    from tradepost.catalog.list_products import ListProductsQuery

    async def ask(page: PageRequest) -> "Page[ProductView]":
        return await opened.list_products(ListProductsQuery(actor=caller(), page=page))

    return ask


def _row(product: "ProductView", variant: "VariantView") -> dict[str, object]:
    return {
        "product_id": product.external_id or product.id,
        "title": product.title,
        "slug": product.slug,
        "description": product.description,
        "status": product.status,
        "images": " ".join(image.url for image in product.images),
        "sku": variant.sku,
        "variant_title": variant.title,
        "tax_category": variant.tax_category,
        "weight_g": variant.weight_g,
        "tracked": variant.tracked,
        "barcode": variant.barcode,
        **_families(product, variant),
    }


def _families(product: "ProductView", variant: "VariantView") -> dict[str, object]:
    """The columns that differ from shop to shop."""
    return {
        **{f"price.{price.currency}": price for price in variant.prices},
        **{f"option.{name}": value for name, value in variant.options.items()},
        **{f"metadata.{name}": value for name, value in product.metadata.items()},
    }


def _tell(target: Path, what: str, written: int) -> None:
    if target != TERMINAL:
        output.done(f"{target} has {written:,} {what}.", {"file": str(target), "rows": written})
