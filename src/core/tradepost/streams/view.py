"""What of the log one stream shows."""

from collections.abc import Mapping, Sequence

import msgspec

from tradepost.messaging.event_filter import leaves, matches
from tradepost.messaging.log import LoggedEvent

_ORDERS = "tradepost.order."

Owners = Mapping[str, str | None]
"""The customer of each order, None for a guest's."""


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """`customer_id` is whose orders it is about; None: everything that may be told. `types` are filters, none for all."""

    customer_id: str | None
    types: tuple[str, ...]
    leaving: tuple[str, ...]

    def of(self, events: Sequence[LoggedEvent], owners: Owners) -> list[LoggedEvent]:
        """Those of the events that it shows."""
        return [event for event in events if self._shows(event, owners)]

    def _shows(self, event: LoggedEvent, owners: Owners) -> bool:
        type_ = event.message.type
        if not leaves(type_, self.leaving) or (self.types and not matches(self.types, type_)):
            return False
        if self.customer_id is None:
            return True
        return is_of_an_order(event) and owners.get(event.message.aggregate_id) == self.customer_id


def is_of_an_order(event: LoggedEvent) -> bool:
    return event.message.type.startswith(_ORDERS)
