import re
import subprocess
import sys
from pathlib import Path

import pytest

import tradepost_adapters
from tradepost_adapters import sqlite_library

SOURCES = Path(tradepost_adapters.__file__).parents[2]
LOADED = """
def loaded():
    mapped = {line.split()[-1] for line in open("/proc/self/maps") if "sqlite" in line.lower()}
    # Python's own extension links the system's library; pysqlite3's extension contains its own
    return sorted(path for path in mapped if "libsqlite3" in path or "pysqlite3" in path)
"""
USE_EVERYTHING = """
import asyncio, sys
from sqlalchemy import bindparam, create_engine, select, text
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, make_notes_file, note
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.sqlite_reads import SqliteReads
from tradepost_adapters import sqlite_library
from pathlib import Path
path = make_notes_file(Path(sys.argv[1]))
async def main():
    transactions, reads = SqliteTransactions(path, lambda connection: connection), SqliteReads(path)
    async def work(tx):
        await tx.insert(INSERT_NOTE, [note("a")])
    await transactions.run(work)
    assert len(await reads.all(ALL_NOTES)) == 1
    await reads.close()
    await transactions.close()
asyncio.run(main())
import sqlite3
import sqlite3.dbapi2
import aiosqlite
with create_engine(f"sqlite:///{path}").connect() as connection:
    assert connection.execute(text("SELECT sqlite_version()")).scalar() == sqlite_library.VERSION
assert aiosqlite.sqlite_version == sqlite3.sqlite_version == sqlite_library.VERSION
print(len(loaded()), sqlite_library.LIBRARY)
"""


def run_python(script: str, tmp_path: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED + script, str(tmp_path / "notes.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
class TestOneLibrary:
    def test_only_one_is_loaded_when_everything_was_used(self, tmp_path: Path) -> None:
        assert run_python(USE_EVERYTHING, tmp_path)[0] == "1"

    def test_only_one_is_loaded_when_the_host_application_had_loaded_another_first(self, tmp_path: Path) -> None:
        assert run_python("import sqlite3" + USE_EVERYTHING, tmp_path) == ["1", "sqlite3"]

    def test_only_one_is_loaded_when_aiosqlite_came_first(self, tmp_path: Path) -> None:
        assert run_python("import aiosqlite" + USE_EVERYTHING, tmp_path) == ["1", "sqlite3"]


def test_one_file_imports_a_sqlite_module() -> None:
    importing = re.compile(r"^\s*(?:import|from) (?:sqlite3|pysqlite3|aiosqlite)\b", re.MULTILINE)
    files = {
        path.name
        for path in SOURCES.rglob("*.py")
        if any(not _for_types_only(path.read_text(), match.start()) for match in importing.finditer(path.read_text()))
    }
    assert files <= {"sqlite_library.py"}


def _for_types_only(source: str, position: int) -> bool:
    block = source.rfind("if TYPE_CHECKING:", 0, position)
    return block != -1 and all(line.startswith((" ", "if")) or not line for line in source[block:position].splitlines())


@pytest.mark.parametrize(
    ("version", "affected"),
    [("3.6.23", False), ("3.7.0", True), ("3.40.1", True), ("3.51.2", True), ("3.51.3", False), ("3.53.4", False)],
)
def test_versions_with_the_wal_reset_corruption_are_known(version: str, affected: bool) -> None:
    assert sqlite_library.has_wal_reset_bug(version) is affected


def test_the_version_is_the_one_in_use() -> None:
    assert sqlite_library.sqlite3.sqlite_version == sqlite_library.VERSION
    assert sqlite_library.LIBRARY in {"pysqlite3", "sqlite3"}
