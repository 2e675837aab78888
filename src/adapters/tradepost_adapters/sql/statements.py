"""Statements built once, compiled once per database, and handed to the driver as text.

SQLAlchemy Core writes the SQL and knows the types; running it is left to `sqlite3` and asyncpg themselves, which costs
a third of the CPU that SQLAlchemy's own execution does. So a statement is a module-level object:

    _OF_CUSTOMER = Statement(
        select(orders.c.id, orders.c.placed_at)
        .where(orders.c.customer_id == bindparam("customer_id"), in_list(orders.c.state, "states")),
        name="orders.of_customer",
    )
    _INSERT = Insert(orders)

    rows = await connection.all(_OF_CUSTOMER, {"customer_id": id, "states": ["placed"]})

Text written by hand (where the databases differ: `Statement.by_dialect`) says what types it takes and gives:
`text("…").bindparams(bindparam("at", type_=UtcDateTime())).columns(id=Text(), at=UtcDateTime())`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

import msgspec
from sqlalchemy import BindParameter, Boolean, ColumnElement, Executable, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Column, Table
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_DIALECTS: dict[str, Dialect] = {
    SQLITE: SQLiteDialect(paramstyle="qmark"),
    POSTGRESQL: PGDialect_asyncpg(),  # type: ignore[no-untyped-call]
}


def encode_json(document: Any) -> str:
    """JSON as text, which is what both drivers take it as."""
    return msgspec.json.encode(document).decode()


_Processor = Callable[[Any], Any]
_Values = tuple[Any, ...]


def _bind_processor(type_: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(type_: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


class _Binder:
    """Turns named parameters into the driver's positional ones, and says by name what is missing or too much."""

    def __init__(
        self, owner: str, order: Sequence[str], processors: Mapping[str, _Processor], fixed: Mapping[str, Any]
    ) -> None:
        self._owner = owner
        self._expected = frozenset(order) - fixed.keys()
        self._count = len(self._expected)
        self._order = tuple(order)
        self._fixed = {name: processors[name](value) if name in processors else value for name, value in fixed.items()}
        self._processors = tuple((name, processors[name]) for name in sorted(self._expected) if name in processors)
        self._pick = itemgetter(*order) if len(order) > 1 else None

    def __call__(self, params: Mapping[str, Any]) -> _Values:
        if len(params) != self._count:
            self._complain(params)
        try:
            if self._processors or self._fixed:
                values = {**params, **self._fixed}
                for name, process in self._processors:
                    values[name] = process(values[name])
                params = values
            if self._pick is not None:
                return cast(_Values, self._pick(params))
            return tuple([params[name] for name in self._order])
        except KeyError:
            self._complain(params)
            raise

    def _complain(self, params: Mapping[str, Any]) -> None:
        missing = sorted(self._expected - params.keys())
        surplus = sorted(params.keys() - self._expected - self._fixed.keys())
        if missing or surplus:
            parts = [
                f"{word} {', '.join(names)}" for word, names in (("lacks", missing), ("was given", surplus)) if names
            ]
            raise TypeError(f"Statement {self._owner} {' and '.join(parts)}.")


class Compiled:
    """A statement in one database's words: `text` for the driver, `bind` on the way in, `rows` on the way out."""

    __slots__ = ("_results", "bind", "text")

    def __init__(self, name: str, construct: Executable, dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, construct.compile(dialect=dialect))  # type: ignore[attr-defined]
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise TypeError(f"Statement {name} has an expanding IN, which can not be compiled once; use in_list().")
        self.text = str(compiled)
        order = compiled.positiontup or []
        binds = {bound: compiled.binds[bound] for bound in order}
        processors = {bound: _bind_processor(bind.type, dialect) for bound, bind in binds.items()}
        self.bind = _Binder(
            name,
            order,
            {bound: process for bound, process in processors.items() if process is not None},
            {bound: bind.effective_value for bound, bind in binds.items() if not bind.required},
        )
        results = [_result_processor(column.type, dialect) for column in compiled._result_columns]
        self._results = tuple((place, process) for place, process in enumerate(results) if process is not None)

    def rows(self, raw: Sequence[Any]) -> list[_Values]:
        """The driver's rows as tuples of Python's own values."""
        if not self._results:
            return [tuple(row) for row in raw]
        return [self.row(row) for row in raw]

    def row(self, raw: Any) -> _Values:
        if not self._results:
            return tuple(raw)
        row = list(raw)
        for place, process in self._results:
            row[place] = process(row[place])
        return tuple(row)


class Statement:
    """A query or a change, built once. `name` (`orders.of_customer`) is what errors, logs and metrics call it.

    A `lookup` finds a row or two by their keys, in microseconds: SQLite answers it in the caller's own thread.
    """

    def __init__(self, construct: Executable, *, name: str, lookup: bool = False) -> None:
        self.name = name
        self.lookup = lookup
        self._constructs = {SQLITE: construct, POSTGRESQL: construct}
        self._compiled: dict[str, Compiled] = {}

    @classmethod
    def by_dialect(cls, *, sqlite: Executable, postgresql: Executable, name: str) -> "Statement":
        """One statement that has to be said differently. Both sides take the same parameters and give the same columns."""
        statement = cls(sqlite, name=name)
        statement._constructs[POSTGRESQL] = postgresql
        return statement

    def construct(self, dialect: str) -> Executable:
        """What SQLAlchemy was told, for this database."""
        return self._constructs[dialect]

    def on(self, dialect: str) -> Compiled:
        """Compiled for this database: the first time it is asked for, then kept."""
        compiled = self._compiled.get(dialect)
        if compiled is None:
            compiled = self._compiled[dialect] = Compiled(self.name, self._constructs[dialect], _DIALECTS[dialect])
        return compiled

    def __repr__(self) -> str:
        return f"Statement({self.name!r})"


class Insert:
    """Rows for one table. Parameters are named after the columns, and every column is given.

    `columns` names them; without it they are all the table's columns but those the database fills by itself (identity,
    computed, server default). `conflict` makes the exception to raise when a row's unique key is already there
    (`conflict=KeyTaken`); without it that is `UniqueViolation`.
    """

    def __init__(
        self, table: Table, columns: Sequence[str] | None = None, *, conflict: Callable[[], Exception] | None = None
    ) -> None:
        self.table = table
        self.columns = tuple(columns if columns is not None else _given_columns(table))
        self.conflict = conflict
        self.name = f"{table.name}.insert"
        self._texts: dict[str, str] = {}
        self._binders: dict[str, _Binder] = {}

    def text(self, dialect: str) -> str:
        """`INSERT … VALUES` of one row; on SQLite `executemany` takes it too."""
        text = self._texts.get(dialect)
        if text is None:
            text = self.fragment(1, many=False) if dialect == POSTGRESQL else self._sqlite_text()
            self._texts[dialect] = text
        return text

    def _sqlite_text(self) -> str:
        quote = _DIALECTS[SQLITE].identifier_preparer.quote
        names = ", ".join(quote(name) for name in self.columns)
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {quote(self.table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables

    def values(self, dialect: str, row: Mapping[str, Any]) -> _Values:
        """One row as the driver's parameters, in the order of `columns`."""
        binder = self._binders.get(dialect)
        if binder is None:
            chosen = _DIALECTS[dialect]
            processors = {name: _bind_processor(self.table.c[name].type, chosen) for name in self.columns}
            found = {name: process for name, process in processors.items() if process is not None}
            binder = self._binders[dialect] = _Binder(self.name, self.columns, found, {})
        return binder(row)

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Many rows as Postgres parameters: one array a column, for `fragment(…, many=True)`."""
        return [list(column) for column in zip(*[self.values(POSTGRESQL, row) for row in rows], strict=True)]

    def fragment(self, first: int, *, many: bool) -> str:
        """The Postgres text, its parameters numbered from `$first`: `len(columns)` values, or as many arrays.

        jsonb goes in as text[] and is cast, as a jsonb[] would need every document quoted once more.
        """
        quote = _DIALECTS[POSTGRESQL].identifier_preparer.quote
        into = f"INSERT INTO {quote(self.table.name)} ({', '.join(quote(name) for name in self.columns)})"
        types = [_postgres_type(self.table.c[name]) for name in self.columns]
        if not many:
            return f"{into} VALUES ({', '.join(f'${first + i}::{type_}' for i, type_ in enumerate(types))})"
        picked = ", ".join(f"c{i}::jsonb" if type_ == "JSONB" else f"c{i}" for i, type_ in enumerate(types))
        arrays = ", ".join(f"${first + i}::{'TEXT' if type_ == 'JSONB' else type_}[]" for i, type_ in enumerate(types))
        names = ", ".join(f"c{i}" for i in range(len(types)))
        return f"{into} SELECT {picked} FROM unnest({arrays}) AS rows({names})"  # noqa: S608 - names of our own tables

    def __repr__(self) -> str:
        return f"Insert({self.table.name!r})"


class Change:
    """A change of exactly so many rows, or of none at all. It takes one JSON document.

    On Postgres it travels with deferred inserts in one statement: `postgresql` are its CTEs, the last one named
    `changed` and returning a row for every row changed; `{document}` is where the document goes. On SQLite it runs by
    itself: `sqlite` has one `?`. `explain` takes the document too, and finds out afterward why rows did not change.
    """

    def __init__(self, table: Table, *, sqlite: str, postgresql: Sequence[str], explain: Statement, name: str) -> None:
        self.table = table
        self.sqlite = sqlite
        self.postgresql = tuple(postgresql)
        self.explain = explain
        self.name = name


@lru_cache(maxsize=1024)
def merged(inserts: tuple[tuple[Insert, bool], ...], change: Change | None = None) -> str:
    """Several inserts, and possibly a change, as one data-modifying CTE for Postgres: (insert, many rows?) each,
    parameters numbered through. The change's document and its number of rows come last; another number of changed rows
    is a division by zero, which undoes the whole statement.

    The text depends on nothing but the shape, so the driver prepares it once.
    """
    first = 1
    parts: list[str] = []
    for place, (insert, many) in enumerate(inserts):
        parts.append(f"i{place} AS ({insert.fragment(first, many=many)})")
        first += len(insert.columns)
    if change is not None:
        parts += [part.format(document=f"${first}::jsonb") for part in change.postgresql]
        final = f"SELECT 1 / ((SELECT count(*) FROM changed) = ${first + 1}::bigint)::integer"  # noqa: S608 - ours
    else:
        final = parts.pop().removeprefix(f"i{len(inserts) - 1} AS (").removesuffix(")")
    return f"WITH {', '.join(parts)} {final}" if parts else final


def _given_columns(table: Table) -> list[str]:
    return [
        column.name
        for column in table.columns
        if column.identity is None and column.computed is None and column.server_default is None
    ]


def _postgres_type(column: Column[Any]) -> str:
    dialect = _DIALECTS[POSTGRESQL]
    type_ = column.type.dialect_impl(dialect)
    if isinstance(type_, TypeDecorator):
        type_ = type_.load_dialect_impl(dialect)
    if isinstance(type_, ARRAY):
        raise TypeError(f"{column} is an array, which unnest would flatten; store a Json instead.")
    if isinstance(type_, JSONB):
        return "JSONB"
    # without a length: `$1::VARCHAR(3)` cuts a longer text short where the column itself would refuse it
    return "TEXT" if issubclass(type_.python_type, str) else dialect.type_compiler_instance.process(type_)


class _ListType(TypeDecorator[Any]):
    """A list as one parameter: a JSON array on SQLite, an array on Postgres."""

    impl = Text
    cache_ok = True

    def __init__(self, element: TypeEngine[Any]) -> None:
        super().__init__()
        self.element = element

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == SQLITE:
            return dialect.type_descriptor(Text())
        element = self.element.dialect_impl(dialect)
        if isinstance(element, TypeDecorator):
            element = element.load_dialect_impl(dialect)
        plain: TypeEngine[Any] = Text() if issubclass(element.python_type, str) else element
        return dialect.type_descriptor(ARRAY(plain))

    def bind_processor(self, dialect: Dialect) -> _Processor:
        process = _bind_processor(self.element, dialect)
        encode = msgspec.json.encode

        def as_list(values: Sequence[Any]) -> list[Any]:
            return list(values) if process is None else [process(value) for value in values]

        def as_json(values: Sequence[Any]) -> str:
            return encode(as_list(values)).decode()

        return as_json if dialect.name == SQLITE else as_list


def list_of(name: str, element: TypeEngine[Any]) -> BindParameter[Any]:
    """A list as one parameter, for text written by hand: what `json_each` takes on SQLite, an array on Postgres."""
    return bindparam(name, type_=_ListType(element))


class _InList(FunctionElement[bool]):
    name = "in_list"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        return self  # it is a condition already: SQLAlchemy would add `= 1` on SQLite, which then uses no index


@compiles(_InList, SQLITE)
def _in_list_on_sqlite(element: _InList, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    # `value` stays bare: a cast or type around it would keep SQLite from using the column's index
    return f"({column} IN (SELECT value FROM json_each({values})))"  # noqa: S608 - both are compiled SQL


@compiles(_InList, POSTGRESQL)
def _in_list_on_postgres(element: _InList, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} = ANY ({values}))"


def in_list(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`column` is one of the list given as parameter `name`; an empty list matches nothing. One parameter, so the
    statement is the same for any number of values."""
    return _InList(column, bindparam(name, type_=_ListType(column.type)))
