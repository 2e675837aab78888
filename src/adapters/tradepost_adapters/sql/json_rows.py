"""Rows of another table as one JSON column, so that an aggregate or a view with its lines is one query."""

from typing import Any

from sqlalchemy import ColumnElement, Text, select, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Table
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from tradepost_adapters.sql.types import Json


class _JsonArrays(FunctionElement[Any]):
    """Every row as an array of its columns, in an array."""

    name = "json_arrays"
    type = Text()
    inherit_cache = True


@compiles(_JsonArrays, "sqlite")
def _on_sqlite(element: _JsonArrays, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite keeps JSON as text, which would go in as one more string
    columns = [
        f"json({text})" if isinstance(column.type, Json) else text
        for column in element.clauses
        for text in [compiler.process(column, **options)]
    ]
    return f"json_group_array(json_array({', '.join(columns)}))"


@compiles(_JsonArrays, "postgresql")
def _on_postgres(element: _JsonArrays, compiler: SQLCompiler, **options: Any) -> str:
    return f"coalesce(json_agg(json_build_array({compiler.process(element.clauses, **options)})), '[]'::json)"


def json_rows(
    table: Table, condition: ColumnElement[bool], *columns: ColumnElement[Any], of: Any = Any
) -> ColumnElement[Any]:
    """A scalar subquery: the table's rows that meet the condition, each an array of these columns, read back as `of`
    (`list[tuple[int, str]]`). The rows come in no order. Not for times, which the databases write differently."""
    inner = select(_JsonArrays(*columns)).select_from(table).where(condition).scalar_subquery()
    return type_coerce(inner, Json(of))
