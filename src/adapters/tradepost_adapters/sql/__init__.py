"""Repositories, views and transactions on SQLite and Postgres: the same statements, compiled once for each."""
