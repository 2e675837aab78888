"""Column types that mean the same on both databases. What Python holds is left of the arrow, what is stored right of it.

    UtcDateTime   aware datetime, UTC   →  timestamptz on Postgres, integer microseconds since 1970 on SQLite
    Json(of)      anything msgspec can  →  jsonb on Postgres, text on SQLite
    Flag          bool                  →  boolean on Postgres, 0 or 1 on SQLite
    RowId         int                   →  bigint on Postgres, INTEGER (an alias of the rowid) on SQLite

The processors are what matters: statements call them on the way to and from the driver. On Postgres `jsonb` and `json`
travel as text, as asyncpg does unless it is told otherwise.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode_json = msgspec.json.Encoder().encode

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""A key that counts by itself: `Column("id", RowId, Identity(), primary_key=True)`. Only INTEGER does so on SQLite."""


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{value!r} is naive: a time needs a zone, such as datetime.now(UTC).")
    return value


def _to_microseconds(value: datetime | None) -> int | None:
    return None if _aware(value) is None or value is None else (value - _EPOCH) // _MICROSECOND


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant with microseconds. A naive datetime is refused, never guessed at."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        plain: TypeEngine[Any] = BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(plain)

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _to_microseconds if dialect.name == "sqlite" else _aware

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        return _from_microseconds if dialect.name == "sqlite" else None


def _to_json(value: Any) -> str | None:
    return None if value is None else _encode_json(value).decode()


class Json(TypeDecorator[Any]):
    """JSON by msgspec. `of` is what it is read back as: `Json(tuple[Address, ...])`; plain lists and dicts without it.

    None is SQL NULL. For what a query puts together by itself: `type_coerce(func.…, Json(tuple[LineView, ...]))`.
    """

    impl = Text
    cache_ok = True

    def __init__(self, of: Any = Any) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        plain: TypeEngine[Any] = Text() if dialect.name == "sqlite" else JSONB()
        return dialect.type_descriptor(plain)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return _to_json

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        # lax, as SQLite puts 0 and 1 for false and true into the JSON it builds
        decode = msgspec.json.Decoder(self.of, strict=False).decode

        def from_json(value: str | None) -> Any:
            return None if value is None else decode(value)

        return from_json


class Flag(TypeDecorator[bool]):
    """Yes or no, and nothing that merely counts as one."""

    impl = Boolean
    cache_ok = True
