"""A level: how much of a SKU lies at a location, and how much of that is promised to orders."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from tradepost.kernel.errors import Conflict

DEFAULT_LOCATION = "main"
MAX_QUANTITY = 1_000_000_000
"""The most that one line of an adjustment may say: a slip of the keyboard must not overflow a level."""


class Reason(StrEnum):
    """Why a level changed."""

    RESERVED = "reserved"  # an order holds it
    RELEASED = "released"  # the order was canceled or expired
    FULFILLED = "fulfilled"  # a parcel left
    RETURNED = "returned"  # a refund put it back on the shelf
    RECEIVED = "received"
    COUNTED = "counted"  # a stock take says otherwise
    DAMAGED = "damaged"
    CORRECTED = "corrected"
    TRANSFERRED = "transferred"  # to or from another location
    IMPORTED = "imported"


class LevelChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What happens to one level: the difference of `on_hand` and of `reserved`."""

    sku: str
    on_hand: int = 0
    reserved: int = 0
    location: str = DEFAULT_LOCATION


class Movement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change that happened: the journal's line. `reference` is the order, refund or document it belongs to."""

    sku: str
    location: str
    on_hand: int
    reserved: int
    reason: Reason
    reference: str
    actor: str
    at: datetime


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """How far short of what was asked a level falls."""

    sku: str
    location: str
    requested: int
    available: int


class InsufficientStock(Conflict):
    """Not enough is available; names every SKU that falls short. Nothing was taken of any."""

    def __init__(self, shortages: Iterable[Shortage]) -> None:
        short = tuple(shortages)
        listed = ", ".join(f"{s.sku} ({max(s.available, 0)} left, {s.requested} asked for)" for s in short)
        data: dict[str, Any] = {"lines": [msgspec.to_builtins(s) for s in short]}
        super().__init__(
            "stock.insufficient", f"Not enough in stock: {listed}. Lower the quantity or leave it out.", data
        )


def merged(changes: Iterable[LevelChange]) -> tuple[LevelChange, ...]:
    """Changes of the same level added up, in key order: the order in which rows are locked, so none wait in a circle."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for change in changes:
        key = (change.location, change.sku)
        on_hand, reserved = sums.get(key, (0, 0))
        sums[key] = (on_hand + change.on_hand, reserved + change.reserved)
    return tuple(
        LevelChange(location=location, sku=sku, on_hand=on_hand, reserved=reserved)
        for (location, sku), (on_hand, reserved) in sorted(sums.items())
    )
