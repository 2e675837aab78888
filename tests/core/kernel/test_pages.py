"""Pages: what a caller may ask for, and cursors that cannot be used against us."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.errors import Invalid
from tradepost.kernel.pages import PageRequest, decode_cursor, encode_cursor

MOMENTS = st.datetimes(timezones=st.just(UTC))
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(MOMENTS, STRINGS, st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_gives_back_the_position_it_was_made_of(moment: datetime, text: str, number: int) -> None:
    assert decode_cursor(encode_cursor(moment, text, number), datetime, str, int) == (moment, text, number)


@given(st.text())
def test_junk_is_refused_as_a_cursor(junk: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(junk, datetime, str)
    assert refused.value.code == "page.invalid"


@pytest.mark.parametrize(
    ("position", "types"),
    [
        ((1,), (str,)),
        (("a",), (str, str)),
        (("a", "b", "c"), (str, str)),
        ((2**63,), (int,)),
        ((-(2**63) - 1,), (int,)),
        (("\0",), (str,)),
        (("2026-01-01T00:00:00",), (datetime,)),
        (("yesterday",), (datetime,)),
    ],
)
def test_a_forged_position_is_refused_before_it_reaches_a_database(
    position: tuple[object, ...], types: tuple[type, ...]
) -> None:
    forged = base64.urlsafe_b64encode(msgspec.json.encode(position)).decode()
    with pytest.raises(Invalid):
        decode_cursor(forged, *types)


def test_a_cut_cursor_is_refused() -> None:
    cursor = encode_cursor(datetime(2026, 1, 1, tzinfo=UTC), "order_1")
    for length in range(len(cursor)):
        with pytest.raises(Invalid):
            decode_cursor(cursor[:length], datetime, str)


@pytest.mark.parametrize(
    "request_",
    [
        PageRequest(limit=0),
        PageRequest(limit=101),
        PageRequest(cursor="a", page=1),
        PageRequest(page=0),
        PageRequest(page=501),
        PageRequest(limit=100, page=101),
        PageRequest(sort="password"),
        PageRequest(sort="--created_at"),
    ],
)
def test_pages_nobody_may_ask_for_are_refused(request_: PageRequest) -> None:
    with pytest.raises(Invalid) as refused:
        request_.sorted_by(("created_at", "total"), "-created_at")
    assert refused.value.code == "page.invalid"


@pytest.mark.parametrize(
    ("sort", "expected"),
    [(None, ("created_at", True)), ("total", ("total", False)), ("-total", ("total", True))],
)
def test_a_page_is_sorted_as_asked_or_by_default(sort: str | None, expected: tuple[str, bool]) -> None:
    assert PageRequest(sort=sort, page=500).sorted_by(("created_at", "total"), "-created_at") == expected
