"""Set what one SKU costs."""

import msgspec

from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.catalog.views import ProductView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions


class SetPricesCommand(msgspec.Struct, frozen=True, kw_only=True):
    """All prices of the SKU, one a currency: what is not among them is no longer a price."""

    actor: Actor
    sku: str
    prices: tuple[Money, ...]
    expected_version: int | None = None


class SetPrices:
    """Carts show the new price; orders placed before keep theirs. `expected_version` is the product's.

    Raises `product.not_found`, `product.invalid` with every fault, `product.not_sellable`, `precondition.failed`.
    """

    access = staff(Permission.CATALOG_WRITE)

    def __init__(self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock

    async def __call__(self, command: SetPricesCommand) -> ProductView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: CatalogTx) -> ProductView:
            product = await tx.products.of_sku(command.sku)
            product.at_version(command.expected_version)
            self.access.check(command.actor, await territory(tx, command.actor, *product.category_ids))
            if product.set_prices(command.sku, command.prices, at=now):
                await tx.products.save(product)
            return ProductView.of(product)

        view = await self._transactions.run(work)
        await self._reading.forget_product(view.id)
        return await self._reading.stocked(view)
