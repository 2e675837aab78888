"""Database URLs as people write them, and what to say about the others."""

from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from tradepost.kernel.errors import Invalid
from tradepost_adapters.sql.statements import POSTGRESQL, SQLITE

_POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
_SQLITE_SCHEMES = ("sqlite", "sqlite+aiosqlite")
_FORMS = "sqlite:///shop.db, sqlite:////srv/shop.db or postgresql://user:password@host:5432/database"


def dialect_of(url: str) -> str:
    """`sqlite` or `postgresql`. Raises `database.url_invalid` for any other, naming the scheme and never the rest."""
    scheme = url.partition("://")[0].strip() if "://" in url else ""
    if scheme in _POSTGRES_SCHEMES:
        return POSTGRESQL
    if scheme in _SQLITE_SCHEMES:
        return SQLITE
    what = f"{scheme}:// is not a database Tradepost runs on" if scheme else "The database URL has no scheme"
    raise Invalid("database.url_invalid", f"{what}; use {_FORMS}.")


def sqlite_path(url: str) -> Path:
    """The file of a SQLite URL: three slashes before a relative path, four before an absolute one."""
    rest = url.partition("://")[2].partition("?")[0]
    path = unquote(rest.removeprefix("/"))
    if not rest.startswith("/") or not path or path == ":memory:":
        raise Invalid(
            "database.url_invalid",
            "A SQLite database is a file here: sqlite:///shop.db is relative, sqlite:////srv/shop.db absolute. "
            "For a shop that lives in memory alone use the memory adapter.",
        )
    return Path(path)


def postgres_dsn(url: str) -> str:
    """The URL in the form that asyncpg takes."""
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql"))
