"""A product as a file tells it, and what that makes of the one in the shop."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tradepost.catalog.product import Product, Variant, in_order
from tradepost.catalog.words import slug_of, words
from tradepost.imports.csv_rows import Row
from tradepost.imports.groups import Group
from tradepost.imports.values import reason
from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money

_PLACEHOLDER = datetime.min.replace(tzinfo=UTC)


class PlannedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """`fields` are those of a variant that the file has columns for, `currencies` those it has prices in; `stock` is
    what lies there when the shop has never stocked it."""

    row: Row
    sku: str
    fields: Mapping[str, Any]
    prices: tuple[Money, ...]
    currencies: frozenset[str]
    stock: int | None = None
    generated: bool = False


class PlannedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """`fields` are those of a product that the file has columns for. `metadata` has None for what is to be taken away.
    Without a `slug` it keeps the one it has, or gets one made of its title."""

    external_id: str
    slug: str | None
    fields: Mapping[str, Any]
    metadata: Mapping[str, str | None]
    variants: tuple[PlannedVariant, ...]
    stock_below_zero: int = 0

    def slugs(self) -> tuple[str, ...]:
        """What it may be called, best first."""
        if self.slug is not None:
            return (self.slug,)
        made = slug_of(self.fields["title"], f"_{'-'.join(words(self.external_id)) or 'product'}")
        own = slug_of(self.external_id, "_product")
        return (made, f"{made}-{own}"[:255].strip("-"))

    def onto(self, before: Product | None, slug: str, *, ids: TypeIds, at: datetime) -> Product:
        """The product as it will be. Columns the file does not have stay as they are; variants it does not have go."""
        product = (
            Product(id=ids.new("prod"), slug=slug, title="", external_id=self.external_id, created_at=at, updated_at=at)
            if before is None
            else msgspec.structs.replace(before, slug=slug)
        )
        known = {variant.sku: variant for variant in product.variants}
        for name, value in self.fields.items():
            setattr(product, name, value)
        if self.metadata:
            merged = {**product.metadata, **self.metadata}
            product.metadata = {name: value for name, value in merged.items() if value is not None}
        product.variants = tuple([_variant(each, known.get(each.sku), ids) for each in self.variants])
        return product

    def check(self, group: Group) -> None:
        """Blame the rows for everything the catalog would refuse."""
        draft = self.onto(None, self.slug or "a", ids=_NO_IDS, at=_PLACEHOLDER)
        try:
            draft.settle()
        except (Invalid, Conflict) as error:
            self.blame(group, error)

    def blame(self, group: Group, error: Invalid | Conflict) -> None:
        """Each fault goes to the row it comes from: a variant's to its own, the product's to the first."""
        if not error.faults:
            group.blame(group.rows[0], reason(error))
        for fault in error.faults:
            group.blame(*self._told(group, fault))

    def _told(self, group: Group, fault: Fault) -> tuple[Row, str]:
        parts = fault.pointer.split("/")
        if parts[1:2] == ["variants"] and len(parts) > 3:
            return self.variants[int(parts[2])].row, f"{'/'.join(parts[3:])}: {fault.detail}"
        return group.rows[0], f"{'/'.join(parts[1:])}: {fault.detail}"


def _variant(planned: PlannedVariant, before: Variant | None, ids: TypeIds) -> Variant:
    kept = () if before is None else tuple(each for each in before.prices if each.currency not in planned.currencies)
    variant = Variant(id=ids.new("var"), sku=planned.sku) if before is None else before
    return msgspec.structs.replace(variant, **planned.fields, prices=in_order((*kept, *planned.prices)))


def options_of(chosen: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Every option and its values, in the order in which they appear."""
    found: dict[str, dict[str, None]] = {}
    for options in chosen:
        for name, value in options.items():
            found.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in found.items()}


_NO_IDS = TypeIds(entropy=bytes)  # a draft is never saved
