"""What stock needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tradepost.stock.level import LevelChange, Reason
from tradepost.stock.views import LevelView


class StockLevels(Protocol):
    """The levels, inside a transaction."""

    async def apply(
        self, changes: Sequence[LevelChange], /, *, reason: Reason, reference: str, actor: str, at: datetime
    ) -> None:
        """Make all changes, or none, and append a movement for each.

        One conditional update: afterward every touched level has `on_hand >= reserved >= 0`. Changes of one level are
        added up first and rows are locked in key order. Raises `InsufficientStock` naming every level that would fall
        short; a level that does not exist counts as empty.
        """
        ...

    async def open(self, skus: Sequence[str], /, *, location: str) -> None:
        """Make empty levels for the SKUs that have none at the location."""
        ...


class HasStock(Protocol):
    @property
    def stock(self) -> StockLevels: ...


class StockViews(Protocol):
    """Stock to look at, outside any transaction: one query each."""

    async def of_sku(self, sku: str, /) -> tuple[LevelView, ...]:
        """Its levels, by location; none when it was never stocked."""
        ...
