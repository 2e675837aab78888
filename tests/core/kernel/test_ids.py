"""Ids: TypeIDs over UUIDv7, in the order they were made."""

import os
import re
import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.ids import TypeIds, id_pattern, uuid_of


@pytest.mark.parametrize(
    ("type_id", "expected"),
    [  # from the TypeID specification's valid.json
        ("prefix_01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("prefix_0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
        ("pre_fix_00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
        ("prefix_0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
        ("prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ],
)
def test_ids_hold_the_uuid_the_specification_says(type_id: str, expected: str) -> None:
    assert uuid_of(type_id) == expected


@pytest.mark.parametrize(
    "text",
    [  # from the TypeID specification's invalid.json, and what else comes in
        "PREFIX_00000000000000000000000000",
        "12345_00000000000000000000000000",
        "pre.fix_00000000000000000000000000",
        "préfix_00000000000000000000000000",
        "  prefix_00000000000000000000000000",
        "_00000000000000000000000000",
        "_",
        "_prefix_00000000000000000000000000",
        "prefix__00000000000000000000000000",
        "prefix_1234567890123456789012345",
        "prefix_123456789012345678901234567",
        "prefix_1234567890123456789012345 ",
        "prefix_0123456789ABCDEFGHJKMNPQRS",
        "prefix_123456789-123456789-123456",
        "prefix_ooooooiiiiiiuuuuuuulllllll",
        "prefix_i23456789ol23456789oi23456",
        "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "seventeen_letters_00000000000000000000000000",
        "",
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(ValueError):
        uuid_of(text)


def test_an_id_is_a_uuid_of_version_7_holding_the_time_it_was_made() -> None:
    made = TypeIds(milliseconds=lambda: 1_700_000_000_123).new("order")
    inside = uuid.UUID(uuid_of(made))
    assert inside.version == 7
    assert inside.variant == uuid.RFC_4122
    assert inside.int >> 80 == 1_700_000_000_123
    assert re.search(id_pattern("order"), made)
    assert not re.search(id_pattern("cart"), made)


def test_ids_rise_within_a_millisecond() -> None:
    ids = TypeIds(milliseconds=lambda: 1_700_000_000_000)
    made = [ids.new("order") for _ in range(10_000)]
    assert made == sorted(set(made))


@given(st.lists(st.integers(0, 2**47), min_size=1, max_size=60))
def test_ids_rise_whatever_the_clock_does(times: list[int]) -> None:
    clock = iter(times)
    ids = TypeIds(milliseconds=lambda: next(clock))
    made = [ids.new("order") for _ in times]
    assert made == sorted(set(made))


def test_ids_rise_when_the_random_half_overflows() -> None:
    ids = TypeIds(entropy=lambda n: b"\xff" * n, milliseconds=lambda: 1)
    first = ids.new("order")
    ids._tail = 2**74 - 1
    assert first < ids.new("order") < ids.new("order")


def test_ids_can_be_made_repeatable() -> None:
    def make() -> list[str]:
        ids = TypeIds(entropy=lambda n: b"\x11" * n, milliseconds=lambda: 1_700_000_000_000)
        return [ids.new("order") for _ in range(3)]

    assert make() == make()


def test_threads_never_get_the_same_id() -> None:
    ids = TypeIds()
    made: list[list[str]] = [[] for _ in range(8)]

    def mint(mine: list[str]) -> None:
        mine.extend(ids.new("order") for _ in range(2_000))

    threads = [threading.Thread(target=mint, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({made_id for mine in made for made_id in mine}) == 16_000
    assert all(mine == sorted(mine) for mine in made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_does_not_count_on_from_where_its_parent_stands() -> None:
    ids = TypeIds(milliseconds=lambda: 1_700_000_000_000)
    before = ids.new("order")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, ids.new("order").encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs, ours = os.read(reading, 100).decode(), ids.new("order")
    os.close(reading)
    os.close(writing)
    assert len({before, theirs, ours}) == 3
