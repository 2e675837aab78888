"""`tradepost products`: what is for sale, and for how much."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money, currency
from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.catalog.views import CategoryView, ProductView, VariantView

products = Group(help="What is for sale, and for how much.")

Which = Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's id or slug.", show_default=False)]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=100)]
Cursor = Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)]

_FIELDS: "output.Fields[ProductView]" = {
    "Id": lambda product: product.id,
    "Slug": lambda product: product.slug,
    "Title": lambda product: product.title,
    "Status": lambda product: product.status,
    "SKUs": lambda product: [_sku(variant) for variant in product.variants],
    "Categories": lambda product: product.category_ids,
    "External id": lambda product: product.external_id,
    "Images": lambda product: [image.url for image in product.images],
    "Created": lambda product: product.created_at,
    "Changed": lambda product: product.updated_at,
}
_COLUMNS: "output.Fields[ProductView]" = {
    "Slug": lambda product: product.slug,
    "Title": lambda product: product.title,
    "Status": lambda product: product.status,
    "SKUs": lambda product: [variant.sku for variant in product.variants],
    "From": lambda product: _lowest(product),
    "Available": lambda product: _available(product),
    "Created": lambda product: product.created_at,
}
_CATEGORIES: "output.Fields[CategoryView]" = {
    "Id": lambda category: category.id,
    "Slug": lambda category: category.slug,
    "Name": lambda category: category.name,
    "Under": lambda category: category.parent_id,
    "Position": lambda category: category.position,
}


@products.command("list", uses=("list_products",))
async def list_(
    search: Annotated[str | None, typer.Argument(help="Words to find.", show_default=False)] = None,
    status: Annotated[
        Literal["draft", "active", "archived"] | None, typer.Option(help="Only these.", show_default=False)
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="Only what lies in or under it; id or slug.", show_default=False)
    ] = None,
    price_in: Annotated[
        str | None, typer.Option("--currency", help="Only those with a price in it.", show_default=False)
    ] = None,
    sold_out: Annotated[
        bool | None, typer.Option("--sold-out/--in-stock", help="Only these.", show_default=False)
    ] = None,
    sort: Annotated[str, typer.Option(help="created_at, title, or price with a currency; -field descends.")] = "title",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> None:
    """List the products, or find some by words."""
    from tradepost.catalog.list_products import ListProductsQuery
    from tradepost.catalog.ports import ProductFilter
    from tradepost.catalog.product import ProductStatus

    wanted = ProductFilter(
        status=ProductStatus(status) if status else None,
        category=category,
        currency=price_in,
        in_stock=None if sold_out is None else not sold_out,
    )
    page = PageRequest(limit=limit, cursor=cursor, sort=sort)
    async with shop() as opened:
        found = await opened.list_products(
            ListProductsQuery(actor=caller(), wanted=wanted, text=search or None, page=page)
        )
    output.listing(found, _COLUMNS, empty="There is no such product.")


@products.command("show", uses=("get_product",))
async def show(product: Which) -> None:
    """Show one product with its variants."""
    from tradepost.catalog.get_product import GetProductQuery

    async with shop() as opened:
        output.show(await opened.get_product(GetProductQuery(actor=caller(), product=product)), _FIELDS)


@products.command("create", uses=("create_product",))
async def create(
    title: Annotated[str, typer.Argument(help="What it is called.", show_default=False)],
    sku: Annotated[str, typer.Option(help="What it is counted by.", show_default=False)],
    price: Annotated[list[str], typer.Option(help="12.90EUR; one a currency.", show_default=False)],
    slug: Annotated[str | None, typer.Option(help="Its address; made of the title.", show_default=False)] = None,
    description: Annotated[str, typer.Option(help="More about it.", show_default=False)] = "",
    category: Annotated[list[str] | None, typer.Option(help="A category, by its id.", show_default=False)] = None,
    untracked: Annotated[bool, typer.Option("--untracked", help="Stock does not limit it.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish it yet.")] = False,
) -> None:
    """Put a product with one SKU into the catalog."""
    from tradepost.catalog.create_product import CreateProductCommand
    from tradepost.catalog.inputs import VariantInput
    from tradepost.catalog.product import ProductStatus

    variant = VariantInput(sku=sku, prices=_prices(price), tracked=not untracked)
    async with shop() as opened:
        made = await opened.create_product(
            CreateProductCommand(
                actor=caller(),
                title=title,
                slug=slug,
                description=description,
                status=ProductStatus.DRAFT if draft else ProductStatus.ACTIVE,
                variants=(variant,),
                category_ids=tuple(category or ()),
            )
        )
    output.done(f"{made.title} is in the catalog as {made.slug}, {made.status} ({made.id}).", made)


@products.command("publish", uses=("get_product", "set_product_status"))
async def publish(product: Which) -> None:
    """Put a product up for sale."""
    await _set_status(product, "active", "is for sale now")


@products.command("withdraw", uses=("get_product", "set_product_status"))
async def withdraw(product: Which) -> None:
    """Make a product a draft again."""
    await _set_status(product, "draft", "is a draft again")


@products.command("archive", uses=("get_product", "set_product_status"))
async def archive(product: Which) -> None:
    """Put a product away; orders still name it."""
    await _set_status(product, "archived", "is archived")


@products.command("price", uses=("set_prices",))
async def price(
    sku: Annotated[str, typer.Argument(help="Whose prices.", show_default=False)],
    prices: Annotated[list[str], typer.Argument(help="All of them, one a currency: 12.90EUR.", show_default=False)],
) -> None:
    """Set what one SKU costs, in every currency it is sold in."""
    from tradepost.catalog.set_prices import SetPricesCommand

    given = _prices(prices)
    async with shop() as opened:
        changed = await opened.set_prices(SetPricesCommand(actor=caller(), sku=sku, prices=given))
    output.done(f"{sku} costs {', '.join(map(str, given))}.", changed)


@products.command("categories", uses=("list_categories",))
async def categories(
    limit: Limit = 100,
    cursor: Cursor = None,
) -> None:
    """List the categories."""
    from tradepost.catalog.list_categories import ListCategoriesQuery

    async with shop() as opened:
        page = await opened.list_categories(ListCategoriesQuery(page=PageRequest(limit=limit, cursor=cursor)))
    output.listing(page, _CATEGORIES, empty="There is no category yet.")


async def _set_status(product: str, status: str, what: str) -> None:
    from tradepost.catalog.get_product import GetProductQuery
    from tradepost.catalog.product import ProductStatus
    from tradepost.catalog.set_product_status import SetProductStatusCommand

    async with shop() as opened:
        found = await opened.get_product(GetProductQuery(actor=caller(), product=product))
        changed = await opened.set_product_status(
            SetProductStatusCommand(actor=caller(), product_id=found.id, status=ProductStatus(status))
        )
    output.done(f"{changed.slug} {what}.", changed)


def _prices(texts: list[str]) -> tuple[Money, ...]:
    """`12.90EUR`, each. Raises `money.invalid` and `currency.unknown`."""
    return tuple(_price(text.strip()) for text in texts)


def _price(text: str) -> Money:
    amount, code = text[:-3].strip(), text[-3:].upper()
    if not amount or not code.isalpha():
        raise Invalid("money.invalid", f"{text[:60]!r} is not a price; write the amount and the currency: 12.90EUR.")
    return Money.parse(amount, currency(code))


def _sku(variant: "VariantView") -> str:
    stock = f"{variant.available} available" if variant.tracked else "not tracked"
    return f"{variant.sku} ({', '.join([*map(str, variant.prices), stock])})"


def _lowest(product: "ProductView") -> list[Money]:
    """The lowest price in each currency."""
    lowest: dict[str, Money] = {}
    for variant in product.variants:
        for each in variant.prices:
            lowest[each.currency] = min(each, lowest.get(each.currency, each))
    return list(lowest.values())


def _available(product: "ProductView") -> int | None:
    """Of all its SKUs; nothing to tell when stock does not limit one of them."""
    counts = [variant.available for variant in product.variants]
    return None if None in counts else sum(count for count in counts if count is not None)
