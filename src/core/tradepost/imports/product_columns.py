"""Tradepost's own columns for products: one row a variant, the rows of a product one after the other."""

from collections.abc import Sequence
from typing import Any

from tradepost.catalog.product import MAX_WEIGHT_G, Image, Option, ProductStatus
from tradepost.imports import values
from tradepost.imports.csv_rows import Columns, Row
from tradepost.imports.groups import Group
from tradepost.imports.planned_product import PlannedProduct, PlannedVariant, options_of
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.money import currency

REQUIRED = ("product_id", "title", "sku")
OF_PRODUCT = ("title", "slug", "description", "status", "images")
OF_VARIANT = ("variant_title", "tax_category", "weight_g", "tracked", "barcode", "stock")
PRICE, OPTION, METADATA = "price.", "option.", "metadata."
FAMILIES = (PRICE, OPTION, METADATA)
MAX_STOCK = 10**12


class ProductColumns:
    """Makes products of rows. Raises `import.header_invalid`."""

    format = "tradepost"

    def __init__(self, header: Sequence[str]) -> None:
        columns = Columns(header, required=REQUIRED, optional=(*OF_PRODUCT, *OF_VARIANT), families=FAMILIES)
        self.ignored: tuple[str, ...] = ()
        self._places = columns.places
        self.key = columns.places["product_id"]
        self._prices = columns.family(PRICE)
        self._options = columns.family(OPTION)
        self._metadata = columns.family(METADATA)
        self._of_product = [(name, place) for name in OF_PRODUCT if (place := columns.places.get(name)) is not None]
        self._of_product += [(f"{METADATA}{name}", place) for name, place in self._metadata.items()]
        faults = []
        for code in self._prices:
            try:
                currency(code)
            except Invalid as error:
                faults.append(Fault(f"/{PRICE}{code}", error.detail))
        if faults:
            raise Invalid("import.header_invalid", "The columns of this file are not those of the format.", *faults)

    def plan(self, group: Group) -> PlannedProduct | None:
        """The product, or None when the rows are blamed for why not."""
        first = group.rows[0]
        chosen = [
            {name: text for name, place in self._options.items() if (text := row.values[place].strip())}
            for row in group.rows
        ]
        product = PlannedProduct(
            external_id=group.key,
            slug=self._text(first, "slug") or None,
            fields=self._fields(group, chosen),
            metadata={name: first.values[place].strip() or None for name, place in self._metadata.items()},
            variants=tuple(self._variant(group, row, options) for row, options in zip(group.rows, chosen, strict=True)),
        )
        for row in group.rows[1:]:
            for name, place in self._of_product:
                if row.values[place].strip() and row.values[place] != first.values[place]:
                    group.blame(row, f"{name}: it differs from that of line {first.line}, which is of the same product")
        product.check(group)
        return None if group.faults else product

    def _text(self, row: Row, name: str) -> str:
        place = self._places.get(name)
        return "" if place is None else row.values[place].strip()

    def _fields(self, group: Group, chosen: Sequence[dict[str, str]]) -> dict[str, Any]:
        first = group.rows[0]
        fields: dict[str, Any] = {"title": self._text(first, "title")}
        if "description" in self._places:
            fields["description"] = self._text(first, "description")
        if "images" in self._places:
            fields["images"] = tuple(Image(url=url) for url in self._text(first, "images").split())
        if self._options:
            fields["options"] = tuple(Option(name=name, values=each) for name, each in options_of(chosen).items())
        if status := self._text(first, "status"):
            try:
                fields["status"] = ProductStatus(status)
            except ValueError:
                group.blame(first, f"status: {values.shown(status)} is none of {', '.join(ProductStatus)}")
        return fields

    def _variant(self, group: Group, row: Row, options: dict[str, str]) -> PlannedVariant:
        faults: list[str] = []
        fields: dict[str, Any] = {}
        if self._options:
            fields["options"] = options
        if "variant_title" in self._places:
            fields["title"] = self._text(row, "variant_title")
        if tax := self._text(row, "tax_category"):
            fields["tax_category"] = tax
        if weight := self._text(row, "weight_g"):
            fields["weight_g"] = values.whole(weight, "weight_g", MAX_WEIGHT_G, faults)
        if tracked := self._text(row, "tracked"):
            fields["tracked"] = values.flag(tracked, "tracked", faults)
        if "barcode" in self._places:
            fields["barcode"] = self._text(row, "barcode") or None
        stock = self._text(row, "stock")
        prices = tuple(
            values.money(text, code, f"{PRICE}{code}", faults)
            for code, place in self._prices.items()
            if (text := row.values[place].strip())
        )
        variant = PlannedVariant(
            row=row,
            sku=self._text(row, "sku"),
            fields=fields,
            prices=prices,
            currencies=frozenset(self._prices),
            stock=values.whole(stock, "stock", MAX_STOCK, faults) if stock else None,
        )
        for fault in faults:
            group.blame(row, fault)
        return variant
