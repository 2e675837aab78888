"""What stock needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.idempotency import HasIdempotency
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.level import LevelChange, Reason
from tradepost.stock.location import Location
from tradepost.stock.views import LevelView, LocationView, MovementView


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

    async def open(self, skus: Sequence[str], /, *, location: str) -> tuple[str, ...]:
        """Make empty levels for the SKUs that have none at the location, which exists; gives those SKUs, in order."""
        ...

    async def hold(self, skus: Sequence[str], /, *, location: str) -> tuple[LevelView, ...]:
        """The levels these SKUs have at the location, in order of SKU, unchanged by others until the transaction ends."""
        ...

    async def set_low_at(self, sku: str, low_at: int | None, /, *, location: str) -> None:
        """At how many available the level counts as low."""
        ...


class Locations(Protocol):
    """The locations, inside a transaction. `main` is there from the start."""

    async def get(self, code: str, /) -> Location:
        """Raises `NotFound`."""
        ...

    async def add(self, location: Location, /) -> None:
        """Raises `LocationTaken`."""
        ...


class HasStock(Protocol):
    @property
    def stock(self) -> StockLevels: ...


class HasLocations(Protocol):
    @property
    def locations(self) -> Locations: ...


class StockTx(HasStock, HasLocations, HasIdempotency, Protocol):
    """What keeping stock touches."""


class LevelFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which levels a list shows; None means any. `low`: those at their threshold or below, or those that are not."""

    sku: str | None = None
    location: str | None = None
    low: bool | None = None


class MovementFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which movements a list shows; None means any. From `at_from` on, and before `at_before`."""

    sku: str | None = None
    location: str | None = None
    reason: Reason | None = None
    reference: str | None = None
    at_from: datetime | None = None
    at_before: datetime | None = None


class StockViews(Protocol):
    """Stock to look at, outside any transaction: one query each."""

    async def of_sku(self, *skus: str) -> tuple[LevelView, ...]:
        """All their levels, by SKU and location; none of a SKU that was never stocked."""
        ...

    async def levels(self, wanted: LevelFilter, page: PageRequest, /) -> Page[LevelView]:
        """Sorted by `sku`, `location` or `available`."""
        ...

    async def movements(self, wanted: MovementFilter, page: PageRequest, /) -> Page[MovementView]:
        """Sorted by `id`; the latest first unless asked."""
        ...

    async def locations(self, page: PageRequest, /) -> Page[LocationView]:
        """Sorted by `code` or `name`."""
        ...
