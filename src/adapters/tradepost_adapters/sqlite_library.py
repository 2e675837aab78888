"""The one SQLite library of this process. Nothing else in Tradepost imports a SQLite module.

Two SQLite libraries that open one file in one process drop each other's POSIX locks and lose acknowledged commits, so
there must be one. `pysqlite3` is preferred, as it carries a SQLite of its own that is newer than most Pythons link. It
is then put in `sqlite3`'s place, so that aiosqlite, SQLAlchemy and the host application import the same one. When the
process has loaded Python's own library already, that one is used for everything: import this module early to avoid it.
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # typeshed's words for whichever library it is
    import sqlite3

    import aiosqlite

__all__ = ["LIBRARY", "VERSION", "connect_async", "has_wal_reset_bug", "sqlite3"]

_WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))


def _choose() -> ModuleType:
    if "_sqlite3" in sys.modules:  # the C extension, which is what brings the library in
        return importlib.import_module("sqlite3")
    try:
        chosen = importlib.import_module("pysqlite3")
    except ImportError:
        return importlib.import_module("sqlite3")
    sys.modules["sqlite3"] = chosen
    sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")
    return chosen


if not TYPE_CHECKING:
    sqlite3 = _choose()

LIBRARY: str = sqlite3.__name__
VERSION: str = sqlite3.sqlite_version


def has_wal_reset_bug(version: str = VERSION) -> bool:
    """Whether this SQLite can corrupt a WAL file when two connections write and checkpoint at once (3.7.0 to 3.51.2).

    It is rare; it is also final. https://sqlite.org/wal.html describes it.
    """
    first, last = _WAL_RESET_BUG
    return first <= tuple(int(part) for part in version.split(".")) <= last


def connect_async(connector: Callable[[], sqlite3.Connection]) -> "aiosqlite.Connection":
    """An aiosqlite connection, to be awaited, that gets its connection from `connector`."""
    module: Any = importlib.import_module("aiosqlite")  # only now: it imports `sqlite3`, which has been chosen above
    return cast("aiosqlite.Connection", module.Connection(connector, iter_chunk_size=64))
