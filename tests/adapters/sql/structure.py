"""What a database holds, told so that two databases can be compared: tables, columns, constraints, indexes, sequences.

The order of columns and the layout of the text are left out, as a table that was changed may differ in them from one
that was made anew. Triggers and what they keep are left out too: no metadata describes them.
"""

from typing import Any

from sqlalchemy import Connection, inspect, text

from tradepost_adapters.sql.revisions import VERSION_TABLE

Structure = set[tuple[Any, ...]]


def is_ours(name: str) -> bool:
    """All but the search index of SQLite, a virtual table that keeps its own tables, which no metadata describes."""
    return not name.startswith("product_search_index")


def our_tables(connection: Connection) -> list[str]:
    return [name for name in inspect(connection).get_table_names() if is_ours(name)]


def structure(connection: Connection) -> Structure:
    return _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)


def _sqlite(connection: Connection) -> Structure:
    inspector = inspect(connection)
    found: Structure = set()
    for table in our_tables(connection):
        if table == VERSION_TABLE:
            continue
        kind = connection.exec_driver_sql("SELECT type, wr, strict FROM pragma_table_list(?)", (table,)).one()
        found.add(("table", table, *kind))
        columns = connection.exec_driver_sql(
            'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (table,)
        )
        found |= {("column", table, *column) for column in columns}
        found.add(("primary key", table, inspector.get_pk_constraint(table)["name"]))
        for check in inspector.get_check_constraints(table):
            found.add(("check", table, check["name"], check["sqltext"]))
        for unique in inspector.get_unique_constraints(table):
            found.add(("unique", table, unique["name"], *unique["column_names"]))
        for key in inspector.get_foreign_keys(table):
            there = f"{key['referred_table']} {key['referred_columns']} {key['options']}"
            found.add(("foreign key", table, key["name"], *key["constrained_columns"], there))
    indexes = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    return found | {("index", name, " ".join(sql.split())) for name, sql in indexes if is_ours(name)}


_OF_POSTGRES = """
    SELECT 'table', relname, '', '' FROM pg_class WHERE relkind = 'r' AND relnamespace = 'tradepost'::regnamespace
    UNION ALL
    SELECT 'column', relname || '.' || attname, format_type(atttypid, atttypmod),
        concat_ws(' ', attnotnull, attidentity, pg_get_expr(adbin, adrelid), collname)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE relkind = 'r' AND relnamespace = 'tradepost'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'tradepost'::regnamespace AND contype NOT IN ('n', 't') -- NOT NULL is told with the column
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'tradepost'
    UNION ALL
    SELECT 'sequence', sequencename, data_type::text, concat_ws(' ', start_value, increment_by, max_value, cycle)
    FROM pg_sequences WHERE schemaname = 'tradepost'
"""


def _postgres(connection: Connection) -> Structure:
    rows = (tuple(row) for row in connection.exec_driver_sql(_OF_POSTGRES))
    return {row for row in rows if not any(str(part).startswith(VERSION_TABLE) for part in row[1:3])}
