"""What the demo sells: a dozen products, two ways to deliver, the taxes of four places."""

from collections.abc import Awaitable
from contextlib import suppress

from tradepost.catalog.create_product import CreateProductCommand
from tradepost.catalog.get_product import GetProductQuery
from tradepost.catalog.inputs import VariantInput
from tradepost.catalog.product import Option, ProductStatus
from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Conflict, Kind, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.pricing.create_shipping_method import CreateShippingMethodCommand
from tradepost.pricing.set_tax_rate import SetTaxRateCommand
from tradepost.pricing.shipping import Bracket, ShippingKind, Tariff
from tradepost.shop import Shop
from tradepost.stock.adjust_stock import AdjustmentReason, AdjustStockCommand
from tradepost.stock.lines import StockLine

_TAX_RATES = (
    ("DE", None, "standard", "19"),
    ("DE", None, "reduced", "7"),
    ("FR", None, "standard", "20"),
    ("FR", None, "reduced", "5.5"),
    ("GB", None, "standard", "20"),
    ("GB", None, "reduced", "0"),
    ("US", "CA", "standard", "7.25"),
    ("US", "CA", "reduced", "0"),
)
_SIZES = ("S", "M", "L")


def _variant(sku: str, eur: int, usd: int, *, weight_g: int, tax: str = "standard", **options: str) -> VariantInput:
    return VariantInput(
        sku=sku,
        title=" / ".join(options.values()),
        options=options,
        prices=(Money(eur, "EUR"), Money(usd, "USD")),
        tax_category=tax,
        weight_g=weight_g,
    )


def _product(actor: Actor, title: str, description: str, *variants: VariantInput, slug: str) -> CreateProductCommand:
    names = {name: None for variant in variants for name in variant.options}
    return CreateProductCommand(
        actor=actor,
        title=title,
        description=description,
        status=ProductStatus.ACTIVE,
        options=tuple(
            Option(name=name, values=tuple(dict.fromkeys(variant.options[name] for variant in variants)))
            for name in names
        ),
        variants=variants,
        slug=slug,
    )


def _products(actor: Actor) -> tuple[CreateProductCommand, ...]:
    return (
        _product(
            actor,
            "Stoneware mug",
            "Holds 350 ml and a grudge against dishwashers: it survives them all.",
            _variant("MUG-BLUE", 1490, 1690, weight_g=380, Color="Blue"),
            _variant("MUG-SAND", 1490, 1690, weight_g=380, Color="Sand"),
            slug="stoneware-mug",
        ),
        _product(
            actor,
            "Teapot",
            "Cast iron, 0.8 l, with a strainer.",
            _variant("TEAPOT", 4900, 5400, weight_g=1450),
            slug="teapot",
        ),
        _product(
            actor,
            "Tea towel",
            "Half linen, woven in two patterns.",
            _variant("TOWEL-STRIPE", 990, 1090, weight_g=90, Pattern="Stripes"),
            _variant("TOWEL-CHECK", 990, 1090, weight_g=90, Pattern="Checks"),
            slug="tea-towel",
        ),
        _product(
            actor,
            "Assam tea",
            "Second flush, loose leaf, 250 g.",
            _variant("TEA-ASSAM", 1250, 1390, weight_g=270, tax="reduced"),
            slug="assam-tea",
        ),
        _product(
            actor,
            "Sencha",
            "Green tea from Shizuoka, loose leaf, 100 g.",
            _variant("TEA-SENCHA", 1190, 1290, weight_g=120, tax="reduced"),
            slug="sencha",
        ),
        _product(
            actor,
            "Coffee beans",
            "Roasted on Mondays, 1 kg.",
            _variant("COFFEE-ESPRESSO", 2490, 2790, weight_g=1020, tax="reduced", Roast="Espresso"),
            _variant("COFFEE-FILTER", 2490, 2790, weight_g=1020, tax="reduced", Roast="Filter"),
            slug="coffee-beans",
        ),
        _product(
            actor,
            "Hand grinder",
            "Steel burrs, 38 settings, no socket needed.",
            _variant("GRINDER", 8900, 9900, weight_g=640),
            slug="hand-grinder",
        ),
        _product(
            actor,
            "Dripper",
            "Porcelain, for one to four cups.",
            _variant("DRIPPER", 1990, 2190, weight_g=410),
            slug="dripper",
        ),
        _product(
            actor,
            "Filter papers",
            "A hundred of them.",
            _variant("FILTERS-100", 550, 590, weight_g=150),
            slug="filter-papers",
        ),
        _product(
            actor,
            "Apron",
            "Waxed cotton, with a pocket for the thermometer.",
            *(_variant(f"APRON-{size}", 3900, 4300, weight_g=520, Size=size) for size in _SIZES),
            slug="apron",
        ),
        _product(
            actor,
            "The slow cup",
            "A book about taking your time over tea and coffee.",
            _variant("BOOK-SLOW-CUP", 2200, 2450, weight_g=690, tax="reduced"),
            slug="the-slow-cup",
        ),
        _product(
            actor,
            "Gift box",
            "A mug, a towel and 100 g of tea, wrapped.",
            _variant("GIFT-BOX", 3500, 3900, weight_g=650),
            slug="gift-box",
        ),
    )


async def seed(shop: Shop, actor: Actor) -> bool:
    """Put it all into a shop, unless it is there; whether there was anything to do. Carries on where it was cut off."""
    products = _products(actor)
    try:
        await shop.get_product(GetProductQuery(actor=actor, product=str(products[-1].slug)))
    except TradepostError as error:
        if error.kind is not Kind.NOT_FOUND:
            raise
    else:
        return False
    for country, region, category, rate in _TAX_RATES:
        await shop.set_tax_rate(
            SetTaxRateCommand(actor=actor, country=country, region=region, category=category, rate=rate)
        )
    for method in _shipping_methods(actor):
        await _unless_there(shop.create_shipping_method(method))
    await shop.adjust_stock(
        AdjustStockCommand(
            actor=actor,
            reason=AdjustmentReason.RECEIVED,
            reference="opening stock",
            lines=tuple(StockLine(sku=variant.sku, quantity=500) for each in products for variant in each.variants),
            idempotency=IdempotencyKey(scope="demo", key="opening stock", fingerprint="1"),
        )
    )
    for product in products:
        await _unless_there(shop.create_product(product))
    return True


def _shipping_methods(actor: Actor) -> tuple[CreateShippingMethodCommand, ...]:
    return (
        CreateShippingMethodCommand(
            actor=actor,
            code="standard",
            name="Standard",
            kind=ShippingKind.FLAT,
            tariffs=(
                Tariff(currency="EUR", price=490, free_above=6000),
                Tariff(currency="USD", price=590, free_above=7000),
            ),
        ),
        CreateShippingMethodCommand(
            actor=actor,
            code="express",
            name="Express",
            kind=ShippingKind.BY_WEIGHT,
            tariffs=(
                Tariff(
                    currency="EUR", brackets=(Bracket(up_to_g=2000, price=1290), Bracket(up_to_g=30000, price=1990))
                ),
                Tariff(
                    currency="USD", brackets=(Bracket(up_to_g=2000, price=1490), Bracket(up_to_g=30000, price=2490))
                ),
            ),
        ),
    )


async def _unless_there(making: Awaitable[object]) -> None:
    with suppress(Conflict):
        await making
