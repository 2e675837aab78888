"""Messages as CloudEvents."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.events import Message
from tradepost.messaging.cloud_events import from_cloud_event, to_cloud_event

AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
PLACED = Message(
    id="order_01.1.0",
    type="tradepost.order.placed.v1",
    aggregate_id="order_01",
    sequence=1000,
    payload=b'{"type":"tradepost.order.placed.v1","occurred_at":"2026-03-04T05:06:07.000089Z","number":1}',
    occurred_at=AT,
)

_words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.builds(
        Message,
        id=_words,
        type=_words,
        aggregate_id=_words,
        sequence=st.integers(0, 2**63 - 1),
        payload=st.dictionaries(_words, _json, max_size=4).map(msgspec.json.encode),
        occurred_at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),
    ),
    _words,
)
def test_a_message_comes_back_from_its_cloud_event_as_it_was(message: Message, source: str) -> None:
    assert from_cloud_event(to_cloud_event(message, source)) == message


def test_a_message_is_written_as_the_cloud_events_standard_says() -> None:
    assert msgspec.json.decode(to_cloud_event(PLACED, "https://shop.example/api/v1")) == {
        "specversion": "1.0",
        "id": "order_01.1.0",
        "source": "https://shop.example/api/v1",
        "type": "tradepost.order.placed.v1",
        "subject": "order_01",
        "time": "2026-03-04T05:06:07.000089Z",
        "datacontenttype": "application/json",
        "sequence": "00000000000000001000",
        "data": {"type": "tradepost.order.placed.v1", "occurred_at": "2026-03-04T05:06:07.000089Z", "number": 1},
    }


def test_the_payload_is_carried_byte_for_byte() -> None:
    payload = b'{ "b": 1.50, "a" : "\\u00e9" }'
    message = msgspec.structs.replace(PLACED, payload=payload)
    content = to_cloud_event(message, "shop")
    assert payload in content
    assert from_cloud_event(content).payload == payload


def test_the_time_is_told_in_utc_whatever_zone_it_was_noted_in() -> None:
    elsewhere = msgspec.structs.replace(PLACED, occurred_at=AT.astimezone(timezone(timedelta(hours=-5))))
    content = to_cloud_event(elsewhere, "shop")
    assert msgspec.json.decode(content)["time"] == "2026-03-04T05:06:07.000089Z"
    assert from_cloud_event(content).occurred_at == AT


def test_sequences_sort_as_text_as_they_do_as_numbers() -> None:
    sequences = [0, 999, 1000, 1001, 99_999, 1_000_000, 2**63 - 1]
    written = [
        msgspec.json.decode(to_cloud_event(msgspec.structs.replace(PLACED, sequence=each), "shop"))["sequence"]
        for each in sequences
    ]
    assert written == sorted(written)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("subject", None),
        ("time", "2026-03-04T05:06:07"),
        ("time", "yesterday"),
        ("sequence", "-1"),
        ("sequence", "٣"),
        ("datacontenttype", "text/xml"),
    ],
)
def test_what_is_no_cloud_event_of_ours_is_refused(field: str, value: object) -> None:
    event = msgspec.json.decode(to_cloud_event(PLACED, "shop")) | {field: value}
    with pytest.raises(msgspec.DecodeError):
        from_cloud_event(msgspec.json.encode(event))


def test_attributes_that_others_have_added_are_let_be() -> None:
    event = msgspec.json.decode(to_cloud_event(PLACED, "shop")) | {"traceparent": "00-0-0-0"}
    assert from_cloud_event(msgspec.json.encode(event)).id == PLACED.id


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"specversion":"1.0"}'])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        from_cloud_event(content)
