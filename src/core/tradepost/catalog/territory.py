"""Which part of the catalog something lies in, for those who may change a part of it only."""

from collections.abc import AsyncIterator, Iterable

from tradepost.catalog.ports import HasCategories
from tradepost.kernel.access import Actor, Resource


async def territory(tx: HasCategories, actor: Actor, *category_ids: str) -> Resource:
    """What is in these categories. One that lies under a category of theirs is theirs as well; nothing is looked up for
    who is not restricted."""
    return Resource(kind="catalog", categories=frozenset([each async for each in _owned(tx, actor, category_ids)]))


async def _owned(tx: HasCategories, actor: Actor, category_ids: Iterable[str]) -> AsyncIterator[str]:
    for category_id in sorted(set(category_ids)):
        if actor.categories is None or category_id in actor.categories:
            yield category_id
            continue
        above = actor.categories.intersection(await tx.categories.way_up(category_id))
        yield min(above, default=category_id)
