"""Repositories, views and transactions on SQLite and Postgres: the same statements, compiled once for each."""

from tradepost_adapters.sql.backend import SqlBackend

__all__ = ["SqlBackend"]
