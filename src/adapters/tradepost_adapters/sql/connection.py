"""What repositories speak to: run a statement, get rows. One narrow port, a SQLite and a Postgres behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

from tradepost_adapters.sql.statements import Change, Insert, Statement

Params = Mapping[str, Any]
Row = tuple[Any, ...]
NOTHING: Params = {}


class Reads(Protocol):
    """Questions, each answered from committed state."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]: ...

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        """The first row, or None."""
        ...


class Connection(Reads, Protocol):
    """A transaction's own connection.

    Every method may raise `UniqueViolation`, `CheckViolation` or `ForeignKeyViolation`. After one of those the
    transaction is lost, on both databases: let it out of `work`, translated if need be, but do not go on.
    """

    async def run(self, statement: Statement, params: Params = NOTHING, /) -> int:
        """Run it and say how many rows it touched."""
        ...

    async def insert(self, statement: Insert, rows: Sequence[Params], /) -> None:
        """All rows in one round trip."""
        ...

    async def change(
        self, change: Change, document: Any, /, *, rows: int, otherwise: Callable[[list[Row]], Exception]
    ) -> None:
        """Change exactly `rows` rows, or raise `otherwise(…)` with what the change's `explain` found, and nothing has
        happened. At once on SQLite; on Postgres together with deferred inserts, so possibly at commit."""
        ...

    def defer(self, statement: Insert, rows: Sequence[Params], /) -> None:
        """Insert rows nobody waits for: at once on SQLite, on Postgres together with the other deferred ones before the
        next statement or the commit. So a violation may surface at commit."""
        ...


class ConstraintViolation(Exception):
    """The database refused rows. For repositories, which know what it means; nobody else should meet it."""


class UniqueViolation(ConstraintViolation):
    """A key is already there. `columns` may be empty where the index is on an expression; then `constraint` is its name.

    SQLite names the columns and Postgres the constraint and, in its detail, the columns: ask `concerns`.
    """

    def __init__(self, *, table: str, columns: tuple[str, ...] = (), constraint: str = "") -> None:
        super().__init__(f"{table}({', '.join(columns)}) {constraint}".rstrip())
        self.table = table
        self.columns = columns
        self.constraint = constraint

    def concerns(self, table: str, *columns: str) -> bool:
        """Whether it was this table and, where columns are given, exactly these columns."""
        return self.table == table and (not columns or self.columns == columns)


class CheckViolation(ConstraintViolation):
    """A CHECK said no; `constraint` is its name."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class ForeignKeyViolation(ConstraintViolation):
    """A row points nowhere, or is still pointed at. SQLite does not say which; on Postgres `constraint` does."""

    def __init__(self, constraint: str = "") -> None:
        super().__init__(constraint)
        self.constraint = constraint


def refuse(violation: UniqueViolation, inserts: Sequence[Insert], cause: BaseException) -> NoReturn:
    """Raise what the insert calls this violation (`Insert(…, conflict=KeyTaken)`), or the violation itself."""
    for insert in inserts:
        if insert.conflict is not None and violation.concerns(insert.table.name):
            raise insert.conflict() from cause
    raise violation from cause
