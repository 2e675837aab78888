"""Lists of views in memory: sorting and pages."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from tradepost.kernel.pages import MAX_COUNT, Page, PageRequest, decode_cursor, encode_cursor

Row = TypeVar("Row")
V = TypeVar("V")


def page_of(
    rows: Iterable[Row],
    request: PageRequest,
    view: Callable[[Row], V],
    *,
    key: Callable[[Row], str],
    sorts: Mapping[str, tuple[type, Callable[[Row], Any]]],
    default: str,
) -> Page[V]:
    """One page of the rows. `sorts` are the fields callers may sort by, each with its type; `key` makes the order total.

    Raises `page.invalid`.
    """
    field, descending = request.sorted_by(tuple(sorts), default)
    type_, value = sorts[field]

    def position(row: Row) -> tuple[Any, str]:
        return value(row), key(row)

    chosen = sorted(rows, key=position, reverse=descending)
    if request.page is not None:
        skip = (request.page - 1) * request.limit
        items = tuple(view(row) for row in chosen[skip : skip + request.limit])
        return Page(items=items, total=min(len(chosen), MAX_COUNT))
    if request.cursor is not None:
        after = decode_cursor(request.cursor, type_, str)
        chosen = [row for row in chosen if (position(row) < after if descending else position(row) > after)]
    shown = chosen[: request.limit]
    more = len(chosen) > request.limit
    return Page(items=tuple(map(view, shown)), next_cursor=encode_cursor(*position(shown[-1])) if more else None)
