"""Take an empty category out of the tree."""

import msgspec

from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions


class DeleteCategoryCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`expected_version` is the version the caller had read, if it is to be deleted at that version only."""

    actor: Actor
    category_id: str
    expected_version: int | None = None


class DeleteCategory:
    """Raises `category.not_found`, `category.not_empty` and `precondition.failed`."""

    access = staff(Permission.CATALOG_WRITE)

    def __init__(self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock

    async def __call__(self, command: DeleteCategoryCommand) -> None:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: CatalogTx) -> None:
            category = await tx.categories.get(command.category_id)
            category.at_version(command.expected_version)
            self.access.check(command.actor, await territory(tx, command.actor, category.id))
            category.delete(at=now)
            await tx.categories.remove(category)

        await self._transactions.run(work)
        await self._reading.forget_categories()
