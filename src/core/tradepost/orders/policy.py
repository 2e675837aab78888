"""What the shop decides once about its orders."""

from datetime import timedelta

import msgspec


class OrderPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a pending order holds its stock, whether price tags include tax, and where the shop is at home: the
    destination that decides the tax of an order without a shipping address (ISO 3166-1 alpha-2).

    `operation_lease` is how long whoever sends an operation to the gateway has it to itself: longer than the gateway's
    time-out, or recovery would send what is still under way."""

    reservation: timedelta = timedelta(minutes=15)
    operation_lease: timedelta = timedelta(seconds=60)
    prices_include_tax: bool = True
    home_country: str | None = None
