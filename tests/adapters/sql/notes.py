"""A small schema of its own for tests of the SQL toolkit, so that they need no feature's tables."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateIndex, CreateTable, ForeignKey

from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables import NAMING
from tradepost_adapters.sql.types import Flag, Json, UtcDateTime
from tradepost_adapters.sqlite_library import sqlite3

metadata = MetaData(naming_convention=NAMING)
notes = Table(
    "notes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("open", Flag, nullable=False),
    Column("at", UtcDateTime, nullable=True),
    Column("body", Json(dict[str, list[int]]), nullable=True),
    Column("raw", LargeBinary, nullable=True),
    CheckConstraint("number >= 0", name="not_negative"),
)
Index("ix_notes_number", notes.c.number)
tags = Table(
    "tags",
    metadata,
    Column("note_id", ForeignKey("notes.id"), primary_key=True),
    Column("tag", Text, primary_key=True),
)

INSERT_NOTE = Insert(notes)
INSERT_TAG = Insert(tags)
ALL_NOTES = Statement(select(notes).order_by(notes.c.id), name="notes.all")
NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def note(name: str, number: int = 1, **columns: Any) -> dict[str, Any]:
    return {"id": name, "number": number, "open": True, "at": NOW, "body": None, "raw": None, **columns}


def make_notes_file(path: Path) -> Path:
    """An empty SQLite file with the tables."""
    raw = sqlite3.connect(str(path))
    for table in metadata.sorted_tables:
        raw.execute(str(CreateTable(table).compile(dialect=SQLiteDialect())))
        for index in table.indexes:
            raw.execute(str(CreateIndex(index).compile(dialect=SQLiteDialect())))
    raw.commit()
    raw.close()
    return path


def names_in(path: Path) -> list[str]:
    """What another connection sees committed."""
    raw = sqlite3.connect(str(path))
    try:
        return [name for (name,) in raw.execute("SELECT id FROM notes ORDER BY id")]
    finally:
        raw.close()
