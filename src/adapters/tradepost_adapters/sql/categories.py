"""The catalog's categories in SQL."""

from collections.abc import Sequence
from typing import Any, NoReturn

from sqlalchemy import Text, bindparam, delete, select, text

from tradepost.catalog.category import Category
from tradepost.catalog.errors import CategoryNotEmpty, CategorySlugTaken
from tradepost.catalog.words import sort_key
from tradepost.kernel.transactions import StaleVersion
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, ForeignKeyViolation, Row, UniqueViolation
from tradepost_adapters.sql.statements import POSTGRESQL, Statement, in_list
from tradepost_adapters.sql.tables.catalog import categories


def whole_category() -> Any:
    """A category's row, as `category_from` reads it."""
    return select(*[column for column in categories.columns if column is not categories.c.name_key])


def _to_row(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "slug": category.slug,
        "name": category.name,
        "name_key": sort_key(category.name),
        "parent_id": category.parent_id,
        "position": category.position,
        "created_at": category.created_at,
    }


def category_from(row: Row) -> Category:
    id_, version, slug, name, parent_id, position, created_at = row
    return Category(
        id=id_, version=version, slug=slug, name=name, parent_id=parent_id, position=position, created_at=created_at
    )


_CATEGORY = Mapper(categories, "category", _to_row, category_from, fixed=("created_at",), selected=whole_category)
_THERE = Statement(select(categories.c.id).where(in_list(categories.c.id, "ids")), name="categories.there")
_REMOVE = Statement(
    delete(categories).where(categories.c.id == bindparam("id"), categories.c.version == bindparam("version")),
    name="categories.remove",
)
# Readers are let through; SQLite has one writer anyway.
_HOLD = Statement(text("LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE"), name="categories.hold")
_WAY_UP = Statement(
    text(
        """
        WITH RECURSIVE up (id, parent_id, step) AS (
            SELECT id, parent_id, 0 FROM categories WHERE id = :id
            UNION ALL
            SELECT above.id, above.parent_id, up.step + 1 FROM categories AS above JOIN up ON above.id = up.parent_id
        )
        SELECT id FROM up ORDER BY step
        """
    )
    .bindparams(bindparam("id", type_=Text()))
    .columns(id=Text()),
    name="categories.way_up",
)


class SqlCategories(SqlAggregates[Category]):
    """`Categories` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _CATEGORY)

    async def missing(self, category_ids: Sequence[str], /) -> tuple[str, ...]:
        there = {row[0] for row in await self._connection.all(_THERE, {"ids": list(category_ids)})}
        return tuple(each for each in category_ids if each not in there)

    async def way_up(self, category_id: str, /) -> tuple[str, ...]:
        if self._connection.dialect == POSTGRESQL:
            await self._connection.run(_HOLD)
        return tuple(row[0] for row in await self._connection.all(_WAY_UP, {"id": category_id}))

    async def add(self, aggregate: Category, /) -> None:
        """Insert at once, and not at commit, so that the refusal can be told."""
        messages = aggregate.take_messages()
        aggregate.version += 1
        try:
            await self._connection.insert(_CATEGORY.insert, ({**_to_row(aggregate), "version": aggregate.version},))
        except UniqueViolation as violation:
            _refuse(violation)
        except ForeignKeyViolation as violation:  # the parent was deleted at the same moment: look again
            raise StaleVersion(aggregate.id) from violation
        await self._facts.append(messages)

    async def save(self, aggregate: Category, /) -> None:
        try:
            await super().save(aggregate)
        except UniqueViolation as violation:
            _refuse(violation)
        except ForeignKeyViolation as violation:
            raise StaleVersion(aggregate.id) from violation

    async def remove(self, category: Category, /) -> None:
        try:
            removed = await self._connection.run(_REMOVE, {"id": category.id, "version": category.version})
        except ForeignKeyViolation as violation:
            raise CategoryNotEmpty(category.id) from violation
        if removed != 1:
            raise StaleVersion(category.id)
        await self._facts.append(category.take_messages())


def _refuse(violation: UniqueViolation) -> NoReturn:
    if violation.concerns("categories", "slug"):
        raise CategorySlugTaken from violation
    raise violation
