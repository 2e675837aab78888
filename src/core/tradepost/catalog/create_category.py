"""Add a category to the tree."""

import msgspec

from tradepost.catalog.category import Category
from tradepost.catalog.moving import require_parent
from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.catalog.views import CategoryView
from tradepost.catalog.words import slug_of
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions


class CreateCategoryCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`slug` is made of the name unless given; without `parent_id` it is at the top."""

    actor: Actor
    name: str
    slug: str | None = None
    parent_id: str | None = None
    position: int = 0
    idempotency: IdempotencyKey | None = None


class CreateCategory:
    """Raises `category.invalid` with every fault, and `category.slug_taken`."""

    access = staff(Permission.CATALOG_WRITE)

    def __init__(
        self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: CreateCategoryCommand) -> CategoryView:
        self.access.check(command.actor)
        now = self._clock.now()
        category_id = self._ids.new("cat")

        async def work(tx: CatalogTx) -> CategoryView:
            parents = () if command.parent_id is None else (command.parent_id,)
            self.access.check(command.actor, await territory(tx, command.actor, *parents))
            if command.parent_id is not None:
                await require_parent(tx, command.parent_id)
            category = Category(
                id=category_id,
                slug=command.slug if command.slug is not None else slug_of(command.name, category_id),
                name=command.name,
                parent_id=command.parent_id,
                position=command.position,
                created_at=now,
            )
            category.created(at=now)
            await tx.categories.add(category)
            return CategoryView.of(category)

        view = await run_once(
            self._transactions, command.idempotency, work, CategoryView, resource_id=category_id, at=now
        )
        await self._reading.forget_categories()
        return view
