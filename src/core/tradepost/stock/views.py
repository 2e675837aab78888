"""What callers see of stock."""

from datetime import datetime

import msgspec

from tradepost.stock.level import Movement, Reason
from tradepost.stock.location import Location


class LocationView(msgspec.Struct, frozen=True, kw_only=True):
    """A place with stock of its own."""

    code: str
    name: str

    @classmethod
    def of(cls, location: Location) -> "LocationView":
        return cls(code=location.code, name=location.name)


class LevelView(msgspec.Struct, frozen=True, kw_only=True):
    """A level. `available` is what can still be sold; at `low_at` or below, it counts as low."""

    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int
    low_at: int | None


class AvailabilityView(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU over all locations; `sellable` is what is available where orders take from."""

    sku: str
    sellable: int
    available: int
    on_hand: int
    reserved: int
    levels: tuple[LevelView, ...]


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the journal: by how much a level changed and why. `id` rises in the order they were written down."""

    id: int
    sku: str
    location: str
    on_hand: int
    reserved: int
    reason: Reason
    reference: str
    actor: str
    at: datetime

    @classmethod
    def of(cls, id: int, movement: Movement) -> "MovementView":  # noqa: A002
        return cls(
            id=id,
            sku=movement.sku,
            location=movement.location,
            on_hand=movement.on_hand,
            reserved=movement.reserved,
            reason=movement.reason,
            reference=movement.reference,
            actor=movement.actor,
            at=movement.at,
        )


class AdjustmentView(msgspec.Struct, frozen=True, kw_only=True):
    """What was adjusted and the levels since. `reference` is what its movements carry. `opened` are the SKUs that were
    not stocked there before: a misspelled one shows up here."""

    reference: str
    reason: Reason
    location: str
    at: datetime
    levels: tuple[LevelView, ...]
    opened: tuple[str, ...]


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """What moved, and the levels at both ends since. `reference` is what its movements carry."""

    reference: str
    source: str
    destination: str
    at: datetime
    levels: tuple[LevelView, ...]
