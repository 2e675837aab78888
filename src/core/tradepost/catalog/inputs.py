"""What a variant is described by when a product is made or changed."""

from collections.abc import Mapping, Sequence

import msgspec

from tradepost.catalog.ports import HasCategories
from tradepost.catalog.product import Variant
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money


class VariantInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant. `id` names one that is there already; without it, the one with the SKU is meant, or a new one.

    `prices` are minor units, one a currency; `weight_g` is grams; one that is not `tracked` sells without stock.
    """

    sku: str
    id: str | None = None
    title: str = ""
    options: Mapping[str, str] = {}
    prices: tuple[Money, ...] = ()
    tax_category: str = "standard"
    weight_g: int = 0
    tracked: bool = True
    barcode: str | None = None


def variants_of(inputs: Sequence[VariantInput], before: Sequence[Variant], ids: TypeIds) -> tuple[Variant, ...]:
    """The variants, with the ids they have had before. Raises `product.invalid` for ids the product does not have."""
    known = {variant.id for variant in before}
    by_sku = {variant.sku: variant.id for variant in before}
    named = {each.id for each in inputs if each.id is not None}
    faults = [
        Fault(f"/variants/{place}/id", "the product has no such variant, or it is there twice")
        for place, each in enumerate(inputs)
        if each.id is not None and (each.id not in known or [other.id for other in inputs].count(each.id) > 1)
    ]
    if faults:
        raise Invalid("product.invalid", "The product can not be saved as it is: see errors.", *faults)

    def id_of(each: VariantInput) -> str:
        kept = by_sku.get(each.sku)
        return each.id or (kept if kept is not None and kept not in named else ids.new("var"))

    return tuple(
        Variant(
            id=id_of(each),
            sku=each.sku,
            title=each.title,
            options=each.options,
            prices=each.prices,
            tax_category=each.tax_category,
            weight_g=each.weight_g,
            tracked=each.tracked,
            barcode=each.barcode,
        )
        for each in inputs
    )


async def require_categories(tx: HasCategories, category_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, each once and in order. Raises `product.invalid` naming those that are no category's."""
    missing = set(await tx.categories.missing(category_ids)) if category_ids else set()
    if missing:
        faults = [
            Fault(f"/category_ids/{place}", f"there is no category {category_id!r}")
            for place, category_id in enumerate(category_ids)
            if category_id in missing
        ]
        raise Invalid("product.invalid", "The product can not be saved as it is: see errors.", *faults)
    return tuple(sorted(set(category_ids)))
