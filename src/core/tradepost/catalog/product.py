"""A product and its variants: what can be bought, under which SKU, for how much in each currency."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from tradepost.catalog import events
from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.events import Aggregate
from tradepost.kernel.money import Money, currency

ProductId = NewType("ProductId", str)
VariantId = NewType("VariantId", str)

MAX_VARIANTS = 250
MAX_WEIGHT_G = 10_000_000
_SKU = re.compile(r"[^\s\x00-\x1f][^\x00-\x1f]{0,63}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class ProductStatus(StrEnum):
    DRAFT = "draft"  # not for sale yet
    ACTIVE = "active"  # published
    ARCHIVED = "archived"  # not for sale any more; orders still name it


_MOVES = {
    ProductStatus.DRAFT: {ProductStatus.ACTIVE, ProductStatus.ARCHIVED},
    ProductStatus.ACTIVE: {ProductStatus.DRAFT, ProductStatus.ARCHIVED},
    ProductStatus.ARCHIVED: {ProductStatus.DRAFT, ProductStatus.ACTIVE},
}


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
        """Check it whole, and note that it is there. Raises `product.invalid` with every fault."""
        self.check()
        self.record(events.ProductCreated(occurred_at=at, product_id=self.id))

    def changed(self, *, at: datetime) -> None:
        """Check it whole after a change, and note it. Raises `product.invalid` with every fault."""
        self.check()
        self.updated_at = at
        self.record(events.ProductChanged(occurred_at=at, product_id=self.id))

    def set_status(self, status: ProductStatus, *, at: datetime) -> None:
        """Publish, withdraw or archive. A product without a priced variant can not be published."""
        if self.status is status:
            return
        if status not in _MOVES[self.status]:
            raise Conflict(
                "product.illegal_state", f"Product {self.slug} is {self.status} and can not become {status}."
            )
        if status is ProductStatus.ACTIVE and not any(variant.prices for variant in self.variants):
            raise Conflict("product.not_sellable", f"Product {self.slug} has no variant with a price; add one first.")
        self.status = status
        self.changed(at=at)

    def variant(self, variant_id: str) -> Variant | None:
        return next((variant for variant in self.variants if variant.id == variant_id), None)

    def check(self) -> None:
        faults = []
        if not _SLUG.fullmatch(self.slug) or len(self.slug) > 255:
            faults.append(Fault("/slug", "lower-case letters, digits and single hyphens, at most 255"))
        if not 1 <= len(self.title) <= 255:
            faults.append(Fault("/title", "1 to 255 characters"))
        if len(self.description) > 50_000:
            faults.append(Fault("/description", "at most 50,000 characters"))
        for place, image in enumerate(self.images):
            if not image.url.startswith(("https://", "http://")) or len(image.url) > 2000:
                faults.append(Fault(f"/images/{place}/url", "an http or https address of at most 2,000 characters"))
        if len(self.metadata) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in self.metadata.items()):
            faults.append(Fault("/metadata", "at most 50 keys of up to 40 characters, values up to 500"))
        faults += self._variant_faults()
        if faults:
            raise Invalid("product.invalid", "The product can not be saved as it is: see errors.", *faults)

    def _variant_faults(self) -> list[Fault]:
        faults = []
        if len(self.variants) > MAX_VARIANTS:
            faults.append(Fault("/variants", f"at most {MAX_VARIANTS} variants"))
        skus: set[str] = set()
        for place, variant in enumerate(self.variants):
            at = f"/variants/{place}"
            if not _SKU.fullmatch(variant.sku):
                faults.append(Fault(f"{at}/sku", "1 to 64 characters, not starting with a space"))
            if variant.sku in skus:
                faults.append(Fault(f"{at}/sku", f"{variant.sku} is used twice"))
            skus.add(variant.sku)
            if not 0 <= variant.weight_g <= MAX_WEIGHT_G:
                faults.append(Fault(f"{at}/weight_g", f"0 to {MAX_WEIGHT_G} grams"))
            seen: set[str] = set()
            for number, price in enumerate(variant.prices):
                try:
                    currency(price.currency)
                except Invalid as error:
                    faults.append(Fault(f"{at}/prices/{number}/currency", error.detail))
                if price.currency in seen:
                    faults.append(Fault(f"{at}/prices/{number}/currency", f"{price.currency} has a price already"))
                seen.add(price.currency)
                if not 0 <= price.amount <= 10**12:
                    faults.append(Fault(f"{at}/prices/{number}/amount", "0 to 10^12 minor units"))
        return faults
