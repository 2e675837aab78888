"""What callers see of stock."""

import msgspec


class LevelView(msgspec.Struct, frozen=True, kw_only=True):
    """A level. `available` is what can still be sold; at `low_at` or below, it counts as low."""

    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int
    low_at: int | None
