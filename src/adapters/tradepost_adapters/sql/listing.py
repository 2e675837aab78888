"""Lists of views in SQL: filters, sorting and pages, one query a page."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    Text,
    and_,
    bindparam,
    func,
    literal,
    select,
    tuple_,
)

from tradepost.kernel.pages import MAX_COUNT, Page, PageRequest, decode_cursor, encode_cursor
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.statements import Statement

V = TypeVar("V")
_LAST = "\U0010ffff"  # the last code point: whatever begins with a prefix sorts before the prefix and this


def begins_with(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Whether the text begins with the parameter, as an index by code point can tell."""
    prefix = bindparam(name, type_=Text())
    return and_(column >= prefix, column < prefix.concat(literal(_LAST, Text())))


class Listing(Generic[V]):
    """A list, declared once at module level.

    `base` is the select a view is made of by `from_row`; `sorts` are the fields callers may sort by; `filters` are
    conditions whose parameter (`bindparam(name)`) has the filter's own name. Only the conditions asked for go into the
    statement, so indexes serve; each combination is built and compiled once. `key` makes the order total.

    Where a view is much more than a row, `base` gives no more than what is filtered and sorted by, and `whole(page)` is
    the select of views joined to a page of it (by `page.c.sort_key`): SQLite would otherwise make every view there is
    before it sorts.
    """

    def __init__(
        self,
        base: Any,
        from_row: Callable[[Row], V],
        *,
        name: str,
        key: ColumnElement[Any],
        sorts: Mapping[str, ColumnElement[Any]],
        default: str,
        filters: Mapping[str, ColumnElement[bool]] | None = None,
        whole: Callable[[Subquery], Any] | None = None,
    ) -> None:
        self._base = base
        self._from_row = from_row
        self._name = name
        self._key = key
        self._sorts = dict(sorts)
        self._default = default
        self._filters = dict(filters or {})
        self._whole = whole
        self._statements: dict[Any, Statement] = {}

    async def page(self, reads: Reads, request: PageRequest, filters: Mapping[str, Any]) -> Page[V]:
        """One page; filters that are None are left out. Raises `page.invalid`."""
        field, descending = request.sorted_by(tuple(self._sorts), self._default)
        params: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
        active = tuple(params)
        if request.page is not None:
            return await self._numbered(reads, request, active, params, field, descending)
        if request.cursor is not None:
            types = self._sorts[field].type.python_type, self._key.type.python_type
            params["after_value"], params["after_key"] = decode_cursor(request.cursor, *types)
        statement = self._statement(active, field, descending, after=request.cursor is not None)
        rows = await reads.all(statement, {**params, "most": request.limit + 1})
        shown = rows[: request.limit]
        more = len(rows) > request.limit
        return Page(
            items=tuple(self._from_row(row[:-2]) for row in shown),
            next_cursor=encode_cursor(*shown[-1][-2:]) if more else None,
        )

    async def _numbered(
        self,
        reads: Reads,
        request: PageRequest,
        active: tuple[str, ...],
        params: dict[str, Any],
        field: str,
        descending: bool,
    ) -> Page[V]:
        count = await reads.one(self._count(active), params)
        statement = self._statement(active, field, descending, offset=True)
        skip = ((request.page or 1) - 1) * request.limit
        rows = await reads.all(statement, {**params, "most": request.limit, "skip": skip})
        return Page(items=tuple(self._from_row(row[:-2]) for row in rows), total=count[0] if count else 0)

    def _statement(
        self, active: tuple[str, ...], field: str, descending: bool, *, after: bool = False, offset: bool = False
    ) -> Statement:
        shape = (active, field, descending, after, offset)
        statement = self._statements.get(shape)
        if statement is None:
            column, key = self._sorts[field], self._key
            query = self._base.add_columns(column.label("sort_value"), key.label("sort_key"))
            query = query.where(*[self._filters[name] for name in active])
            if after:
                position = tuple_(column, key)
                reached = tuple_(bindparam("after_value", type_=column.type), bindparam("after_key", type_=key.type))
                query = query.where(position < reached if descending else position > reached)
            order = (column.desc(), key.desc()) if descending else (column, key)
            query = query.order_by(*order).limit(bindparam("most", type_=BigInteger()))
            if offset:
                query = query.offset(bindparam("skip", type_=BigInteger()))
            if self._whole is not None:
                page = query.subquery("page")
                first, last = page.c.sort_value, page.c.sort_key
                order = (first.desc(), last.desc()) if descending else (first, last)
                query = self._whole(page).add_columns(first, last).order_by(*order)
            statement = self._statements[shape] = Statement(query, name=f"{self._name}.list")
        return statement

    def _count(self, active: tuple[str, ...]) -> Statement:
        statement = self._statements.get(active)
        if statement is None:
            found = self._base.with_only_columns(self._key).where(*[self._filters[name] for name in active])
            capped = found.order_by(None).limit(MAX_COUNT).subquery()
            statement = Statement(select(func.count()).select_from(capped), name=f"{self._name}.count")
            self._statements[active] = statement
        return statement
