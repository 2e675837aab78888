"""Events: collected by the aggregate, numbered by the version that is about to be saved."""

from copy import copy
from datetime import UTC, datetime

import msgspec
import pytest

from tradepost.kernel.events import Aggregate, Event, event_type

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class LampLit(Event, frozen=True, kw_only=True, tag="test.lamp.lit.v1"):
    watts: int


class Nameless(Event, frozen=True, kw_only=True):
    pass


class Lamp(Aggregate, kw_only=True):
    watts: int = 0

    def light(self, watts: int) -> None:
        self.watts = watts
        self.record(LampLit(occurred_at=NOW, watts=watts))


def test_facts_become_messages_of_the_next_version_in_the_order_they_happened() -> None:
    lamp = Lamp(id="lamp_1", version=4)
    lamp.light(10)
    lamp.light(20)
    first, second = lamp.take_messages()
    assert (first.id, second.id) == ("lamp_1.5.0", "lamp_1.5.1")
    assert first.sequence < second.sequence
    assert first.aggregate_id == "lamp_1"
    assert first.type == "test.lamp.lit.v1"
    assert first.occurred_at == NOW
    assert msgspec.json.decode(second.payload) == {
        "type": "test.lamp.lit.v1",
        "occurred_at": "2026-01-01T12:00:00Z",
        "watts": 20,
    }
    assert msgspec.json.decode(first.payload, type=LampLit) == LampLit(occurred_at=NOW, watts=10)


def test_later_versions_come_later() -> None:
    lamp = Lamp(id="lamp_1")
    lamp.light(1)
    (first,) = lamp.take_messages()
    lamp.version += 1
    lamp.light(2)
    (second,) = lamp.take_messages()
    assert first.sequence < second.sequence


def test_facts_are_taken_once() -> None:
    lamp = Lamp(id="lamp_1")
    lamp.light(10)
    assert len(lamp.take_messages()) == 1
    assert lamp.take_messages() == ()


def test_a_copy_of_an_aggregate_is_a_snapshot() -> None:
    lamp = Lamp(id="lamp_1")
    snapshot = copy(lamp)
    lamp.light(10)
    assert snapshot.watts == 0
    assert snapshot.take_messages() == ()


def test_an_event_without_a_versioned_type_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="Nameless needs a type"):
        event_type(Nameless)
