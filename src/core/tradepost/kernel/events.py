"""Facts: past-tense, immutable, collected by the aggregate and written to the outbox with it, or not at all."""

from datetime import datetime
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of every fact. A subclass names its versioned type: `class OrderPlaced(Event, tag="tradepost.order.placed.v1")`.

    Events carry ids and amounts, never personal data: they leave the shop and cannot be called back.
    """

    occurred_at: datetime


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event on its way out: what the outbox stores and the relay delivers.

    `id` is made of the aggregate's id, its version and the event's place in it, so the same fact always has the same
    id; `sequence` orders the messages of one aggregate; `payload` is the event as JSON.
    """

    id: str
    type: str
    aggregate_id: str
    sequence: int
    payload: bytes
    occurred_at: datetime


class Aggregate(msgspec.Struct, kw_only=True):
    """Base of every aggregate: an id, the version it was read at (0: never saved), and the facts not yet written.

    Fields hold immutable values only (tuples, frozen Structs, mappings nobody mutates): a method replaces a value and
    never changes one in place. So a shallow copy is a snapshot, which is what keeps transactions isolated in memory.
    """

    id: str
    version: int = 0
    _facts: tuple[Event, ...] = ()

    def record(self, *events: Event) -> None:
        """Note facts; the repository writes them to the outbox when it saves the aggregate."""
        self._facts += events

    def take_messages(self) -> tuple[Message, ...]:
        """The noted facts as messages of the version about to be saved; forgets them. For repositories."""
        facts, self._facts = self._facts, ()
        following = self.version + 1
        return tuple(
            Message(
                id=f"{self.id}.{following}.{place}",
                type=event_type(type(fact)),
                aggregate_id=self.id,
                sequence=following * 1000 + place,
                payload=_encoder.encode(fact),
                occurred_at=fact.occurred_at,
            )
            for place, fact in enumerate(facts)
        )


_encoder = msgspec.json.Encoder()


def event_type(event: type[Event]) -> str:
    """The versioned type an event class goes by, such as `tradepost.order.placed.v1`."""
    tag: Any = event.__struct_config__.tag
    if not isinstance(tag, str) or tag == event.__name__:  # msgspec falls back to the name of the class
        raise TypeError(f'{event.__name__} needs a type: class {event.__name__}(Event, tag="tradepost.….v1").')
    return tag
