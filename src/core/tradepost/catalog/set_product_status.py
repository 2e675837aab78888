"""Publish a product, withdraw it, archive it."""

import msgspec

from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.product import ProductStatus
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.catalog.views import ProductView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions


class SetProductStatusCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`active` publishes, `draft` withdraws, `archived` puts it away for good; every way back is open."""

    actor: Actor
    product_id: str
    status: ProductStatus
    expected_version: int | None = None


class SetProductStatus:
    """The same status again changes nothing.

    Raises `product.not_found`, `product.not_sellable` for publishing one without a price, `precondition.failed`.
    """

    access = staff(Permission.CATALOG_WRITE)

    def __init__(self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock

    async def __call__(self, command: SetProductStatusCommand) -> ProductView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: CatalogTx) -> ProductView:
            product = await tx.products.get(command.product_id)
            product.at_version(command.expected_version)
            self.access.check(command.actor, await territory(tx, command.actor, *product.category_ids))
            if product.status is not command.status:
                product.set_status(command.status, at=now)
                await tx.products.save(product)
            return ProductView.of(product)

        view = await self._transactions.run(work)
        await self._reading.forget_product(view.id)
        return await self._reading.stocked(view)
