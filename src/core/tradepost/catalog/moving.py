"""Where a category may be put."""

from tradepost.catalog.ports import HasCategories
from tradepost.kernel.errors import Fault, Invalid


async def require_parent(tx: HasCategories, parent_id: str) -> tuple[str, ...]:
    """The parent and everything it is under. Raises `category.invalid` when there is no such category."""
    way_up = await tx.categories.way_up(parent_id)
    if not way_up:
        raise Invalid(
            "category.invalid",
            "The category can not be saved as it is: see errors.",
            Fault("/parent_id", f"there is no category {parent_id!r}"),
        )
    return way_up
