"""Rename a category, or move it in the tree."""

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.catalog.moving import require_parent
from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.catalog.views import CategoryView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions


class UpdateCategoryCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is not given stays. `parent_id` moves it, with all that lies under it; None moves it to the top."""

    actor: Actor
    category_id: str
    expected_version: int | None = None
    slug: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    parent_id: str | UnsetType | None = UNSET
    position: int | UnsetType = UNSET


class UpdateCategory:
    """Raises `category.not_found`, `category.invalid` with every fault, `category.cycle`, `category.slug_taken` and
    `precondition.failed`."""

    access = staff(Permission.CATALOG_WRITE)

    def __init__(self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock

    async def __call__(self, command: UpdateCategoryCommand) -> CategoryView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: CatalogTx) -> CategoryView:
            category = await tx.categories.get(command.category_id)
            category.at_version(command.expected_version)
            self.access.check(command.actor, await territory(tx, command.actor, category.id))
            before = msgspec.structs.asdict(category)
            if command.parent_id is not UNSET:
                way_up = () if command.parent_id is None else await require_parent(tx, command.parent_id)
                parents = () if command.parent_id is None else (command.parent_id,)
                self.access.check(command.actor, await territory(tx, command.actor, *parents))
                category.move(command.parent_id, way_up)
            for name in ("slug", "name", "position"):
                value = getattr(command, name)
                if value is not UNSET:
                    setattr(category, name, value)
            if msgspec.structs.asdict(category) != before:
                category.changed(at=now)
                await tx.categories.save(category)
            return CategoryView.of(category)

        view = await self._transactions.run(work)
        await self._reading.forget_categories()
        return view
