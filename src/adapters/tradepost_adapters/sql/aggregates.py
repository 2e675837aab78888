"""What every repository of aggregates does in SQL: one row an aggregate, checked by its version, its facts beside it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Executable, Table, bindparam, select, update

from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Aggregate, Message
from tradepost.kernel.transactions import StaleVersion
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Insert, Statement

A = TypeVar("A", bound=Aggregate)


class Facts(Protocol):
    """Where facts are written."""

    async def append(self, messages: Iterable[Message], /) -> None: ...


class Mapper(Generic[A]):
    """How an aggregate lies in its table; module-level, so that its statements are built once.

    `to_row` gives every column but `version`; columns in `fixed` are written once and never updated. `selected` is what
    an aggregate is read from, when that is more than its row.
    """

    def __init__(
        self,
        table: Table,
        what: str,
        to_row: Callable[[A], dict[str, Any]],
        from_row: Callable[[Row], A],
        *,
        fixed: Iterable[str] = (),
        selected: Callable[[], Any] | None = None,
        conflict: Callable[[], Exception] | None = None,
    ) -> None:
        self.table = table
        self.what = what
        self.to_row = to_row
        self.from_row = from_row
        self.selected = selected or (lambda: select(table))
        self.get = Statement(self.selected().where(table.c.id == bindparam("id")), name=f"{table.name}.get")
        self.insert = Insert(table, conflict=conflict)
        self.unchanged = frozenset({"id", "version", *fixed})
        changing = {
            column.name: bindparam(f"new_{column.name}", type_=column.type)
            for column in table.columns
            if column.name not in self.unchanged
        }
        self.update = Statement(
            update(table)
            .where(table.c.id == bindparam("id"), table.c.version == bindparam("was"))
            .values(version=bindparam("now", type_=table.c.version.type), **changing),
            name=f"{table.name}.update",
        )

    def query(self, *conditions: Any, name: str, order_by: tuple[Any, ...] = ()) -> Statement:
        """Another way to find them."""
        found: Executable = self.selected().where(*conditions).order_by(*order_by)
        return Statement(found, name=f"{self.table.name}.{name}")


class SqlAggregates(Generic[A]):
    """Base of the repositories: `get`, `add`, `save`, and `found` for other statements of the mapper."""

    def __init__(self, connection: Connection, facts: Facts, mapper: Mapper[A]) -> None:
        self._connection = connection
        self._facts = facts
        self._mapper = mapper

    async def get(self, id: str, /) -> A:  # noqa: A002 - the port's own word
        """Raises `NotFound`."""
        row = await self._connection.one(self._mapper.get, {"id": id})
        if row is None:
            raise NotFound(self._mapper.what, id)
        return self._mapper.from_row(row)

    async def found(self, statement: Statement, params: Mapping[str, Any]) -> tuple[A, ...]:
        rows = await self._connection.all(statement, params)
        return tuple(self._mapper.from_row(row) for row in rows)

    async def add(self, aggregate: A, /) -> None:
        """Insert with version 1, together with other rows nobody waits for."""
        messages = aggregate.take_messages()
        aggregate.version += 1
        row = self._mapper.to_row(aggregate)
        row["version"] = aggregate.version
        self._connection.defer(self._mapper.insert, (row,))
        if messages:
            await self._facts.append(messages)

    async def save(self, aggregate: A, /) -> None:
        """Replace the version it was read at by the next. Raises `StaleVersion`."""
        messages = aggregate.take_messages()
        params = {
            f"new_{name}": value
            for name, value in self._mapper.to_row(aggregate).items()
            if name not in self._mapper.unchanged
        }
        params |= {"id": aggregate.id, "was": aggregate.version, "now": aggregate.version + 1}
        if await self._connection.run(self._mapper.update, params) != 1:
            raise StaleVersion(aggregate.id)
        aggregate.version += 1
        if messages:
            await self._facts.append(messages)
