"""Which revision a database has to be at. Cheap: asked at every start, so it does without Alembic."""

from pathlib import Path

from sqlalchemy import Text, text

from tradepost.kernel.errors import Kind, TradepostError
from tradepost_adapters.sql.statements import Statement

SCHEMA = "tradepost"
VERSION_TABLE = "tradepost_revision"

CURRENT = Statement(text(f"SELECT version_num FROM {VERSION_TABLE}").columns(version_num=Text()), name="revision")  # noqa: S608


def head() -> str:
    """The newest revision of this release. Revisions are numbered and in one line: `r0001_….py`, `r0002_….py`, …"""
    newest = max(path.name for path in (Path(__file__).parent / "migrations" / "versions").glob("r[0-9]*_*.py"))
    return newest[1:].partition("_")[0]


def check(current: str | None) -> None:
    """Raise `database.not_migrated` unless the database is at this release's revision, or a newer one's: while a new
    release is rolled out the old one still runs."""
    if current is None or current < head():
        raise unmigrated(current)


def unmigrated(current: str | None = None) -> TradepostError:
    """The error for a database whose tables are missing or from an older release."""
    state = (
        "has no tables of Tradepost yet"
        if current is None
        else f"is at revision {current}, this release needs {head()}"
    )
    return TradepostError(
        Kind.UNAVAILABLE,
        "database.not_migrated",
        f"The database {state}. Run: tradepost migrate up",
        {"current": current, "head": head()},
    )
