"""A category: a place in the tree that products are found in."""

from collections.abc import Sequence
from datetime import datetime
from typing import NewType

from tradepost.catalog import events
from tradepost.catalog.words import SLUG_RULE, is_slug
from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate

CategoryId = NewType("CategoryId", str)

MAX_POSITION = 1_000_000


class Category(Aggregate, kw_only=True):
    """A category. `parent_id` is None at the top; siblings are shown by `position`."""

    slug: str
    name: str
    created_at: datetime
    parent_id: str | None = None
    position: int = 0

    def created(self, *, at: datetime) -> None:
        """Check it, and note that it is there. Raises `category.invalid` with every fault."""
        self._check()
        self.record(events.CategoryChanged(occurred_at=at, category_id=self.id))

    def changed(self, *, at: datetime) -> None:
        """Check it after a change, and note that. Raises `category.invalid` with every fault."""
        self._check()
        self.record(events.CategoryChanged(occurred_at=at, category_id=self.id))

    def move(self, parent_id: str | None, way_up: Sequence[str]) -> None:
        """Put it under another category, or at the top. `way_up` is the new parent and what that is under.

        Raises `category.cycle` when it would come to lie under itself.
        """
        if self.id in way_up:
            detail = f"{self.slug} can not be put under itself; choose a category outside of it."
            raise Conflict("category.cycle", detail)
        self.parent_id = parent_id

    def delete(self, *, at: datetime) -> None:
        """Note that it goes."""
        self.record(events.CategoryDeleted(occurred_at=at, category_id=self.id))

    def at_version(self, expected: int | None) -> None:
        """Raises `precondition.failed` unless it is at the version the caller had read, if any."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    def _check(self) -> None:
        faults = []
        if not is_slug(self.slug):
            faults.append(Fault("/slug", SLUG_RULE))
        if not self.name.strip() or len(self.name) > 255:
            faults.append(Fault("/name", "1 to 255 characters"))
        if not 0 <= self.position <= MAX_POSITION:
            faults.append(Fault("/position", f"0 to {MAX_POSITION}"))
        if faults:
            raise Invalid("category.invalid", "The category can not be saved as it is: see errors.", *faults)
