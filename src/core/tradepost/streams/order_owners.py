"""Whose orders events are about: they do not say it themselves."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from tradepost.messaging.log import LoggedEvent
from tradepost.streams.view import Owners, is_of_an_order


class OrderCustomers(Protocol):
    """The read port of orders, as far as streams need it."""

    async def customers_of(self, order_ids: Sequence[str], /) -> Mapping[str, str | None]:
        """The customer of each of these orders that there is; None for a guest's."""
        ...


class OrderOwners:
    """Asks once for each batch and remembers: an order never changes hands."""

    def __init__(self, orders: OrderCustomers, *, remembered: int = 10_000) -> None:
        self._orders = orders
        self._most = remembered
        self._known: OrderedDict[str, str | None] = OrderedDict()

    async def of(self, events: Sequence[LoggedEvent]) -> Owners:
        """The owners of all orders these events are about."""
        ids = dict.fromkeys(event.message.aggregate_id for event in events if is_of_an_order(event))
        owners: dict[str, str | None] = {}
        for order_id in ids:
            if order_id in self._known:
                self._known.move_to_end(order_id)
                owners[order_id] = self._known[order_id]
        unknown = [order_id for order_id in ids if order_id not in owners]
        if unknown:
            found = await self._orders.customers_of(unknown)
            owners |= found
            self._known |= found
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return owners
