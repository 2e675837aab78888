"""Rows that belong together are taken together, or not at all."""

from collections.abc import Iterable

from tradepost.imports.csv_rows import Row
from tradepost.imports.groups import MAX_CHARACTERS, MAX_ROWS, groups


def told(rows: Iterable[Row], place: int = 0) -> list[tuple[str, list[int], bool]]:
    """Key, lines, and whether it is held back, of every group."""
    return [(group.key, [row.line for row in group.rows], bool(group.faults)) for group in groups(rows, place)]


def row(line: int, *values: str, fault: str = "") -> Row:
    return Row(line, values, (fault,) if fault else ())


def test_rows_that_follow_each_other_and_have_one_key_are_one_group() -> None:
    assert told([row(2, "A"), row(3, " A "), row(4, "B"), row(5, "A")]) == [
        ("A", [2, 3], False),
        ("B", [4], False),
        ("A", [5], False),
    ]
    assert told([]) == []


def test_a_bad_row_whose_key_is_sure_holds_back_its_own_group_alone() -> None:
    assert told([row(2, "A"), row(3, "B", fault="bad"), row(4, "B"), row(5, "C")]) == [
        ("A", [2], False),
        ("B", [3, 4], True),
        ("C", [5], False),
    ]


def test_a_row_whose_key_is_not_sure_holds_back_both_neighbors() -> None:
    swallowed = row(3, "A,c1,rest of the line\n", fault="a quote is not closed")
    for unclear in (row(3, ""), row(3), swallowed, row(3, "A\0", fault="NUL"), row(3, "\udcf6", fault="not UTF-8")):
        assert told([row(2, "A"), unclear, row(4, "B"), row(5, "C")]) == [
            ("A", [2, 3], True),
            ("B", [4], True),
            ("C", [5], False),
        ]
    moved = row(3, "x", "y", "B", fault="it has 3 fields, and the header has 2")
    assert told([row(2, "x", "A"), moved, row(4, "x", "B")], 1) == [("A", [2, 3], True), ("B", [4], True)]


def test_unclear_rows_at_the_ends_hold_back_their_one_neighbor() -> None:
    assert told([row(2, ""), row(3, "A"), row(4, "B"), row(5, "")]) == [
        ("", [2], True),
        ("A", [3], True),
        ("B", [4, 5], True),
    ]


def test_groups_without_an_end_come_in_pieces_that_are_all_held_back() -> None:
    for flood in ("A", ""):
        lines = range(2, 2 * MAX_ROWS + 10)
        found = told([*[row(line, flood) for line in lines], row(9_999_999, "Z", "z")])
        assert all(held for _, _, held in found[:-1])
        assert max(len(numbers) for _, numbers, _ in found) == MAX_ROWS
        assert found[-1][2] is (flood == "")
    large = "x" * (MAX_CHARACTERS // 3)
    assert [len(numbers) for _, numbers, _ in told([row(line, "A", large) for line in range(8)])] == [3, 3, 2]
