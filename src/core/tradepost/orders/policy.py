"""What the shop decides once about its orders."""

from datetime import timedelta

from tradepost.pricing.terms import SalePolicy


class OrderPolicy(SalePolicy, frozen=True, kw_only=True):
    """How long a pending order holds its stock (`reservation`), and how long whoever sends an operation to the gateway
    has it to itself (`operation_lease`): longer than the gateway's time-out, or recovery would send what is still under
    way."""

    reservation: timedelta = timedelta(minutes=15)
    operation_lease: timedelta = timedelta(seconds=60)
