"""Which tables a statement may look at: whether rows that are still held back could make a difference to it."""

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Executable, Select, Table
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.expression import UpdateBase


@lru_cache(maxsize=2048)
def tables_of(construct: Executable) -> frozenset[Table] | None:
    """The tables it reads or changes and, for a change, those it is bound to by foreign keys. None: text, who knows."""
    found: set[Table] = set()
    for element in visitors.iterate(construct):  # type: ignore[arg-type] # every construct can be walked
        if isinstance(element, TextClause):
            return None
        if isinstance(element, Table):
            found.add(element)
    if isinstance(construct, UpdateBase):
        found |= _bound_to(found)
    return frozenset(found)


@lru_cache(maxsize=2048)
def only_reads(construct: Executable) -> bool:
    """Whether it neither changes nor locks anything, for certain."""
    return isinstance(construct, Select) and construct._for_update_arg is None


def _bound_to(tables: Iterable[Table]) -> set[Table]:
    bound: set[Table] = set()
    for table in tables:
        bound |= {key.column.table for key in table.foreign_keys}
        bound |= {
            other for other in table.metadata.tables.values() for key in other.foreign_keys if key.column.table is table
        }
    return bound
