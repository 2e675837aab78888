"""Change a product: its texts, options, variants with their prices, categories, images."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.catalog.inputs import VariantInput, require_categories, variants_of
from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.product import Image, Option, Product
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.catalog.views import ProductView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions


class UpdateProductCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is not given stays; what is given replaces the whole of what was there. `external_id` None takes it away.

    A variant keeps its id by naming it, or by its SKU. `expected_version` is the version the caller had read, if it is
    to be changed at that version only.
    """

    actor: Actor
    product_id: str
    expected_version: int | None = None
    slug: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    options: tuple[Option, ...] | UnsetType = UNSET
    variants: tuple[VariantInput, ...] | UnsetType = UNSET
    category_ids: tuple[str, ...] | UnsetType = UNSET
    images: tuple[Image, ...] | UnsetType = UNSET
    external_id: str | UnsetType | None = UNSET
    metadata: Mapping[str, str] | UnsetType = UNSET


_PLAIN = ("slug", "title", "description", "options", "images", "external_id", "metadata")


class UpdateProduct:
    """Orders placed before keep what they say. What changes nothing leaves the version as it is.

    Raises `product.not_found`, `precondition.failed`, and what creating one raises.
    """

    access = staff(Permission.CATALOG_WRITE)

    def __init__(
        self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: UpdateProductCommand) -> ProductView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: CatalogTx) -> ProductView:
            product = await tx.products.get(command.product_id)
            product.at_version(command.expected_version)
            before = msgspec.structs.asdict(product)
            self.access.check(command.actor, await territory(tx, command.actor, *product.category_ids))
            await self._replace(tx, product, command)
            self.access.check(command.actor, await territory(tx, command.actor, *product.category_ids))
            product.settle()
            if msgspec.structs.asdict(product) != before:
                product.changed(at=now)
                await tx.products.save(product)
            return ProductView.of(product)

        view = await self._transactions.run(work)
        await self._reading.forget_product(view.id)
        return await self._reading.stocked(view)

    async def _replace(self, tx: CatalogTx, product: Product, command: UpdateProductCommand) -> None:
        for name in _PLAIN:
            value = getattr(command, name)
            if value is not UNSET:
                setattr(product, name, value)
        if command.variants is not UNSET:
            product.variants = variants_of(command.variants, product.variants, self._ids)
        if command.category_ids is not UNSET:
            product.category_ids = await require_categories(tx, command.category_ids)
