"""A product and its variants: what can be bought, under which SKU, for how much in each currency."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from tradepost.catalog import events
from tradepost.catalog.words import SLUG_RULE, is_slug
from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.kernel.money import Money, currency
from tradepost.kernel.skus import SKU_RULE, is_sku

ProductId = NewType("ProductId", str)
VariantId = NewType("VariantId", str)

MAX_VARIANTS = 250
MAX_WEIGHT_G = 10_000_000
MAX_PRICE = 10**12
MAX_TEXT = 255
MAX_DESCRIPTION = 50_000
MAX_PARTS = 100
"""Of each: options, values of an option, images, categories."""


class ProductStatus(StrEnum):
    DRAFT = "draft"  # not for sale yet
    ACTIVE = "active"  # published
    ARCHIVED = "archived"  # not for sale any more; orders still name it


class Option(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What variants differ in, and the values there are: Size, (S, M, L)."""

    name: str
    values: tuple[str, ...]


class Image(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture, by its address."""

    url: str
    alt: str = ""


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be bought. `prices` holds at most one price a currency; `tracked` says whether stock limits it."""

    id: str
    sku: str
    title: str = ""
    options: Mapping[str, str] = {}
    prices: tuple[Money, ...] = ()
    tax_category: str = "standard"
    weight_g: int = 0
    tracked: bool = True
    barcode: str | None = None

    def price(self, code: str) -> Money | None:
        return next((price for price in self.prices if price.currency == code), None)


class Product(Aggregate, kw_only=True):
    """A product. Only an active one is for sale, each variant in the currencies it has a price in."""

    slug: str
    title: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    status: ProductStatus = ProductStatus.DRAFT
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()
    category_ids: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    external_id: str | None = None
    metadata: Mapping[str, str] = {}

    def created(self, *, at: datetime) -> None:
        """Check it whole, and note that it is there. Raises `product.invalid` with every fault, `product.not_sellable`."""
        self.settle()
        self.record(events.ProductCreated(occurred_at=at, product_id=self.id))

    def changed(self, *, at: datetime) -> None:
        """Check it whole after a change, and note it. Raises what `created` raises."""
        self.settle()
        self.updated_at = at
        self.record(events.ProductChanged(occurred_at=at, product_id=self.id))

    def at_version(self, expected: int | None) -> None:
        """Raises `precondition.failed` unless it is at the version the caller had read, if any."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    def set_status(self, status: ProductStatus, *, at: datetime) -> None:
        """Publish, withdraw or archive, in any order; the same again is nothing. Raises `product.not_sellable`."""
        if self.status is status:
            return
        self.status = status
        self.changed(at=at)

    def set_prices(self, sku: str, prices: tuple[Money, ...], *, at: datetime) -> bool:
        """Replace the prices of one variant; whether that changed anything. Raises what `changed` raises."""
        faults = price_faults(prices)
        if faults:
            raise Invalid("product.invalid", "The prices can not be saved as they are: see errors.", *faults)
        before = self.variants
        self.variants = tuple(
            msgspec.structs.replace(variant, prices=in_order(prices)) if variant.sku == sku else variant
            for variant in self.variants
        )
        if self.variants == before:
            return False
        self.changed(at=at)
        return True

    def settle(self) -> None:
        """Check it whole, and put prices in their order. Raises `product.invalid` with every fault, and
        `product.not_sellable` for an active one without a price."""
        faults = []
        if not is_slug(self.slug):
            faults.append(Fault("/slug", SLUG_RULE))
        if not self.title.strip() or len(self.title) > MAX_TEXT:
            faults.append(Fault("/title", f"1 to {MAX_TEXT} characters"))
        if len(self.description) > MAX_DESCRIPTION:
            faults.append(Fault("/description", f"at most {MAX_DESCRIPTION} characters"))
        if self.external_id is not None and not 1 <= len(self.external_id) <= MAX_TEXT:
            faults.append(Fault("/external_id", f"1 to {MAX_TEXT} characters"))
        if len(self.category_ids) > MAX_PARTS:
            faults.append(Fault("/category_ids", f"at most {MAX_PARTS} categories"))
        if len(self.images) > MAX_PARTS:
            faults.append(Fault("/images", f"at most {MAX_PARTS} images"))
        for place, image in enumerate(self.images):
            if not image.url.startswith(("https://", "http://")) or len(image.url) > 2000:
                faults.append(Fault(f"/images/{place}/url", "an http or https address of at most 2,000 characters"))
        if len(self.metadata) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in self.metadata.items()):
            faults.append(Fault("/metadata", "at most 50 keys of up to 40 characters, values up to 500"))
        faults += option_faults(self.options) + variant_faults(self.variants, self.options)
        if faults:
            raise Invalid("product.invalid", "The product can not be saved as it is: see errors.", *faults)
        if self.status is ProductStatus.ACTIVE and not any(variant.prices for variant in self.variants):
            raise Conflict("product.not_sellable", f"Product {self.slug} has no variant with a price; add one first.")
        self.variants = tuple(
            msgspec.structs.replace(variant, prices=in_order(variant.prices)) for variant in self.variants
        )


def in_order(prices: tuple[Money, ...]) -> tuple[Money, ...]:
    """Prices as they are kept: by currency."""
    return tuple(sorted(prices, key=lambda price: (price.currency, price.amount)))


def option_faults(options: tuple[Option, ...]) -> list[Fault]:
    """What is wrong with the options."""
    faults = []
    if len(options) > MAX_PARTS:
        faults.append(Fault("/options", f"at most {MAX_PARTS} options"))
    names: set[str] = set()
    for place, option in enumerate(options):
        if not option.name.strip() or len(option.name) > MAX_TEXT:
            faults.append(Fault(f"/options/{place}/name", f"1 to {MAX_TEXT} characters"))
        if option.name in names:
            faults.append(Fault(f"/options/{place}/name", f"{option.name} is there twice"))
        names.add(option.name)
        if not 1 <= len(option.values) <= MAX_PARTS or len(set(option.values)) != len(option.values):
            faults.append(Fault(f"/options/{place}/values", f"1 to {MAX_PARTS} different values"))
        if any(not value.strip() or len(value) > MAX_TEXT for value in option.values):
            faults.append(Fault(f"/options/{place}/values", f"each value has 1 to {MAX_TEXT} characters"))
    return faults


def variant_faults(variants: tuple[Variant, ...], options: tuple[Option, ...]) -> list[Fault]:
    """What is wrong with the variants, each by itself and among themselves."""
    faults = []
    if len(variants) > MAX_VARIANTS:
        faults.append(Fault("/variants", f"at most {MAX_VARIANTS} variants"))
    values = {option.name: option.values for option in options}
    skus: set[str] = set()
    for place, variant in enumerate(variants):
        at = f"/variants/{place}"
        if not is_sku(variant.sku):
            faults.append(Fault(f"{at}/sku", SKU_RULE))
        if variant.sku in skus:
            faults.append(Fault(f"{at}/sku", f"{variant.sku} is used twice"))
        skus.add(variant.sku)
        if len(variant.title) > MAX_TEXT:
            faults.append(Fault(f"{at}/title", f"at most {MAX_TEXT} characters"))
        if not 1 <= len(variant.tax_category) <= 40:
            faults.append(Fault(f"{at}/tax_category", "1 to 40 characters"))
        if variant.barcode is not None and not 1 <= len(variant.barcode) <= 64:
            faults.append(Fault(f"{at}/barcode", "1 to 64 characters"))
        if not 0 <= variant.weight_g <= MAX_WEIGHT_G:
            faults.append(Fault(f"{at}/weight_g", f"0 to {MAX_WEIGHT_G} grams"))
        faults += [
            Fault(f"{at}/options", f"{name}: {value} is not among the product's options")
            for name, value in variant.options.items()
            if value not in values.get(name, ())
        ]
        faults += price_faults(variant.prices, at)
    return faults


def price_faults(prices: tuple[Money, ...], at: str = "") -> list[Fault]:
    """What is wrong with the prices of one variant."""
    faults = []
    seen: set[str] = set()
    for number, price in enumerate(prices):
        try:
            currency(price.currency)
        except Invalid as error:
            faults.append(Fault(f"{at}/prices/{number}/currency", error.detail))
        if price.currency in seen:
            faults.append(Fault(f"{at}/prices/{number}/currency", f"{price.currency} has a price already"))
        seen.add(price.currency)
        if not 0 <= price.amount <= MAX_PRICE:
            faults.append(Fault(f"{at}/prices/{number}/amount", "0 to 10^12 minor units"))
    return faults
