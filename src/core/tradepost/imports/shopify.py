"""A product CSV as Shopify exports it: several rows a product, told apart by what they hold.

The first row of a product has its texts; a row with an option, a SKU or a price is a variant; a row with a picture may
be just that. What the shop has no place for is listed in the report and stays behind.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from tradepost.catalog.product import MAX_WEIGHT_G, Image, Option, ProductStatus
from tradepost.catalog.words import is_slug, slug_of, words
from tradepost.imports import values
from tradepost.imports.csv_rows import Columns, Row
from tradepost.imports.groups import Group
from tradepost.imports.planned_product import PlannedProduct, PlannedVariant, options_of
from tradepost.imports.product_columns import MAX_STOCK
from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import currency

REQUIRED = ("Handle", "Title", "Variant Price")
_OPTIONS = tuple((f"Option{n} Name", f"Option{n} Value") for n in (1, 2, 3))
OPTIONAL = (
    "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Status",
    *(name for pair in _OPTIONS for name in pair),
    "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy",
    "Variant Taxable", "Variant Barcode", "Image Src", "Image Position", "Image Alt Text",
)  # fmt: skip
_OF_A_VARIANT = (*(value for _, value in _OPTIONS), "Variant SKU", "Variant Price")
_MAX_SKU = 64
_MAX_METADATA = 500
EXEMPT = "exempt"
"""The tax category of what Shopify does not tax: set its rate to 0."""


class ShopifyColumns:
    """Makes products of Shopify's rows. The file does not say in which currency its prices are, so the caller does.

    Raises `import.header_invalid` and `import.currency_missing`.
    """

    format = "shopify"

    def __init__(self, header: Sequence[str], code: str | None) -> None:
        columns = Columns(header, required=REQUIRED, optional=OPTIONAL, others=True)
        self.ignored = columns.ignored
        self._places = columns.places
        self.key = columns.places["Handle"]
        if code is None:
            raise Invalid(
                "import.currency_missing",
                "Shopify's file does not say in which currency its prices are. Say so: --currency USD.",
            )
        self._currency = currency(code)

    def plan(self, group: Group) -> PlannedProduct | None:
        """The product, or None when the rows are blamed for why not."""
        first = group.rows[0]
        names = [self._text(first, name) for name, _ in _OPTIONS]
        rows = [row for row in group.rows if any(self._text(row, name) for name in _OF_A_VARIANT)]
        chosen = [self._chosen(row, names) for row in rows]
        below = sum(1 for row in rows if self._text(row, "Variant Inventory Qty").startswith("-"))
        product = PlannedProduct(
            external_id=group.key,
            slug=group.key if is_slug(group.key) else slug_of(group.key, "_") or None,
            fields={
                "title": self._text(first, "Title"),
                "description": self._text(first, "Body (HTML)"),
                "status": self._status(group, first),
                "options": tuple(Option(name=name, values=each) for name, each in options_of(chosen).items()),
                "images": self._images(group),
            },
            metadata=self._metadata(first),
            variants=tuple(self._variant(group, row, options) for row, options in zip(rows, chosen, strict=True)),
            stock_below_zero=below,
        )
        product.check(group)
        return None if group.faults else product

    def _text(self, row: Row, name: str) -> str:
        place = self._places.get(name)
        return "" if place is None else row.values[place].strip()

    def _chosen(self, row: Row, names: Sequence[str]) -> dict[str, str]:
        found = {
            name or f"Option {place}": text
            for place, (name, (_, column)) in enumerate(zip(names, _OPTIONS, strict=True), 1)
            if (text := self._text(row, column))
        }
        # What Shopify writes for a product without options.
        return {} if found == {"Title": "Default Title"} else found

    def _status(self, group: Group, row: Row) -> ProductStatus:
        text, published = self._text(row, "Status").lower(), self._text(row, "Published").lower()
        if text and text not in tuple(ProductStatus):
            group.blame(row, f"Status: {values.shown(text)} is none of {', '.join(ProductStatus)}")
            return ProductStatus.DRAFT
        status = ProductStatus(text) if text else ProductStatus.ACTIVE
        return ProductStatus.DRAFT if status is ProductStatus.ACTIVE and published == "false" else status

    def _images(self, group: Group) -> tuple[Image, ...]:
        found: dict[str, tuple[int, int, str]] = {}
        for place, row in enumerate(group.rows):
            url, position = self._text(row, "Image Src"), self._text(row, "Image Position")
            if url and url not in found:
                number = int(position) if position.isascii() and position.isdecimal() and len(position) < 10 else place
                found[url] = (number, place, self._text(row, "Image Alt Text"))
        return tuple(Image(url=url, alt=found[url][2]) for url in sorted(found, key=lambda each: found[each][:2]))

    def _metadata(self, row: Row) -> dict[str, str | None]:
        metadata: dict[str, str | None] = {}
        for key, column in (("vendor", "Vendor"), ("type", "Type"), ("tags", "Tags")):
            text = self._text(row, column)
            parts = [text[start : start + _MAX_METADATA] for start in range(0, len(text), _MAX_METADATA)]
            metadata[key] = parts[0] if parts else None
            metadata |= {f"{key}.{number}": part for number, part in enumerate(parts[1:], 2)}
        return metadata

    def _variant(self, group: Group, row: Row, options: dict[str, str]) -> PlannedVariant:
        faults: list[str] = []
        fields: dict[str, Any] = {"options": options, "title": " / ".join(options.values())}
        if "Variant Grams" in self._places:
            grams = self._text(row, "Variant Grams").removesuffix(".0") or "0"
            fields["weight_g"] = values.whole(grams, "Variant Grams", MAX_WEIGHT_G, faults)
        if taxable := self._text(row, "Variant Taxable"):
            fields["tax_category"] = "standard" if values.flag(taxable, "Variant Taxable", faults) else EXEMPT
        if "Variant Barcode" in self._places:
            fields["barcode"] = self._text(row, "Variant Barcode").lstrip("'") or None  # kept from spreadsheets by a '
        sells_anyway = self._text(row, "Variant Inventory Policy").lower() == "continue"
        counted = "Variant Inventory Tracker" not in self._places or bool(self._text(row, "Variant Inventory Tracker"))
        fields["tracked"] = counted and not sells_anyway
        price = self._text(row, "Variant Price")
        sku = self._text(row, "Variant SKU").lstrip("'")
        variant = PlannedVariant(
            row=row,
            sku=sku or _made_sku(group.key, options),
            fields=fields,
            prices=(values.money(price, self._currency, "Variant Price", faults),) if price else (),
            currencies=frozenset({self._currency}),
            stock=self._stock(row, faults),
            generated=not sku,
        )
        for fault in faults:
            group.blame(row, fault)
        return variant

    def _stock(self, row: Row, faults: list[str]) -> int | None:
        """What was sold beyond the stock is owed, not there: below zero counts as none."""
        text = self._text(row, "Variant Inventory Qty")
        if not text:
            return None
        return values.whole(text.removeprefix("-"), "Variant Inventory Qty", MAX_STOCK, faults) if text[0] != "-" else 0


def _made_sku(handle: str, options: dict[str, str]) -> str:
    """The same for the same variant, whenever it is imported."""
    made = "-".join([handle, *(word for value in options.values() for word in words(value))])
    if len(made) <= _MAX_SKU:
        return made
    return f"{made[: _MAX_SKU - 9]}-{blake2b(made.encode(errors='surrogatepass'), digest_size=4).hexdigest()}"
