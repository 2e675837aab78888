"""What an order is made of: lines as they were bought, how it travels, what left when, and who did what."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.kernel.money import Money


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A snapshot of what was bought. `number` counts from 1 and names the line within its order.

    `total` is what the buyer is charged for the line as prices are shown: with tax if `inclusive`, before tax if not.
    It leads where it is no multiple of `unit_price`. `rate` is the tax rate in percent, as exact text.
    """

    number: int
    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money
    net: Money
    tax: Money
    gross: Money
    rate: str
    inclusive: bool
    tracked: bool = True
    fulfilled: int = 0
    returned: int = 0


class ShippingLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How it travels and what that costs, taxed like a line."""

    method: str
    name: str
    total: Money
    net: Money
    tax: Money
    gross: Money
    rate: str
    inclusive: bool


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One fulfillment: line numbers and quantities that left together, and how to follow them."""

    id: str
    lines: tuple[tuple[int, int], ...]
    at: datetime
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did what, and when."""

    at: datetime
    actor: str
    action: str
    data: Mapping[str, str | int] = {}
