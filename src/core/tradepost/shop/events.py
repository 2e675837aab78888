"""What was told, and what could not be taken."""

from functools import cached_property

from tradepost.messaging.get_event import GetEvent
from tradepost.messaging.get_parked import GetParked
from tradepost.messaging.list_events import ListEvents
from tradepost.messaging.list_parked import ListParked
from tradepost.messaging.redrive_dead_letters import RedriveDeadLetters
from tradepost.shop.parts import Parts


class Events(Parts):
    """The use cases of events."""

    @cached_property
    def list_events(self) -> ListEvents:
        return ListEvents(self._backend.event_log)

    @cached_property
    def get_event(self) -> GetEvent:
        return GetEvent(self._backend.event_log)

    @cached_property
    def list_parked(self) -> ListParked:
        return ListParked(self._backend.parked_views)

    @cached_property
    def get_parked(self) -> GetParked:
        return GetParked(self._backend.parked_views)

    @cached_property
    def redrive_dead_letters(self) -> RedriveDeadLetters:
        return RedriveDeadLetters(self._transactions, self._clock)
