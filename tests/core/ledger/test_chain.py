"""The hash chain by itself: whatever is changed, it shows."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.ledger.chain import GENESIS, Block, Entry

NOW = datetime(2026, 3, 10, 12, 30, 15, 123456, tzinfo=UTC)


def an_entry(position: int) -> Entry:
    return Entry(
        position=position,
        transfer_id=f"transfer_{position // 2}",
        line=position % 2,
        account="bank",
        type="asset",
        currency="EUR",
        amount=500,
        at=NOW,
        subject=None,
        reference=f"sale {position // 2}",
        recorded_at=NOW,
        actor="test",
        description="",
        entries=2,
    )


CHANGES: dict[str, Any] = {
    "transfer_id": "transfer_x",
    "line": 7,
    "account": "bank:2",
    "type": "liability",
    "currency": "USD",
    "amount": -500,
    "at": NOW + timedelta(microseconds=1),
    "subject": "",
    "reference": "sale",
    "recorded_at": NOW - timedelta(days=1),
    "actor": "somebody",
    "description": "x",
    "entries": 3,
}


def test_every_field_is_covered() -> None:
    assert {*CHANGES, "position"} == set(Entry.__struct_fields__)


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_of_any_field_is_found_at_its_position(field: str) -> None:
    entries = [an_entry(position) for position in (3, 4, 6, 7)]
    block = Block.seal(entries, None, NOW)
    assert block.broken(entries) == ()
    changed = [*entries[:2], msgspec.structs.replace(entries[2], **{field: CHANGES[field]}), *entries[3:]]
    assert block.broken(changed) == (6,)


def test_a_time_in_another_zone_is_the_same_time() -> None:
    elsewhere = msgspec.structs.replace(an_entry(1), at=NOW.astimezone(timezone(timedelta(hours=9))))
    assert elsewhere.digest() == an_entry(1).digest()


@given(st.sets(st.integers(1, 30), min_size=1), st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_whatever_is_gone_or_put_between_is_named(sealed: set[int], gone: set[int], added: set[int]) -> None:
    block = Block.seal([an_entry(position) for position in sorted(sealed)], None, NOW)
    found = sealed - gone | added
    assert block.broken([an_entry(position) for position in sorted(found)]) == tuple(sorted(sealed ^ found))
    assert block.count == len(sealed)


def test_a_block_follows_the_one_it_was_sealed_after_and_no_other() -> None:
    first = Block.seal([an_entry(1)], None, NOW)
    second = Block.seal([an_entry(2)], first, NOW)
    other = Block.seal([an_entry(3)], None, NOW)
    assert (first.previous, second.previous) == (GENESIS, first.hash)
    assert first.follows(None)
    assert second.follows(first)
    assert not second.follows(None)
    assert not second.follows(other)
    for change in ({"seals": other.seals}, {"hash": other.hash}, {"number": 3}, {"previous": other.hash}):
        assert not msgspec.structs.replace(second, **change).follows(first)
