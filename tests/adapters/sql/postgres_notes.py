"""The notes of `notes.py` on Postgres, and ways to watch and to cut what goes to the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from tests.adapters.sql.notes import INSERT_NOTE, metadata, note

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.postgres_pool import PostgresPool, connect


async def make_notes(url: str) -> None:
    """The tables, in an empty database."""
    to = dialect()  # type: ignore[no-untyped-call]
    raw = await connect(url)
    await raw.execute("CREATE SCHEMA tradepost")
    for table in metadata.sorted_tables:
        await raw.execute(str(CreateTable(table).compile(dialect=to)))
        for index in table.indexes:
            await raw.execute(str(CreateIndex(index).compile(dialect=to)))
    await raw.close()


async def names_on(url: str) -> list[str]:
    """What another connection sees committed."""
    raw = await connect(url)
    try:
        return [row[0] for row in await raw.fetch("SELECT id FROM notes ORDER BY id")]
    finally:
        await raw.close()


def adding(name: str) -> Callable[[Connection], Coroutine[Any, Any, str]]:
    async def work(tx: Connection) -> str:
        await tx.insert(INSERT_NOTE, [note(name)])
        return name

    return work


class WatchedPool(PostgresPool):
    """Notes what is sent: once the driver has prepared a statement, one entry is one round trip."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._sent: list[str] = []

    async def acquire(self) -> Any:
        raw = await super().acquire()
        raw.add_query_logger(self._note)  # a set: the second time changes nothing
        return raw

    def _note(self, record: asyncpg.connection.LoggedQuery) -> None:
        self._sent.append(record.query)

    async def sent(self) -> list[str]:
        """What was sent since the last time."""
        await asyncio.sleep(0)  # the driver reports one turn of the event loop later
        sent, self._sent = self._sent, []
        return sent


@contextlib.asynccontextmanager
async def wire(url: str, cut: bytes, *, before: bool) -> AsyncIterator[str]:
    """The URL of a wire to the server that breaks when the client sends `cut`: before the server gets it, or after it
    has done it but before the client is told."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)

    async def serve(client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        if "host" in query:
            opened = asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.5432")
        else:
            opened = asyncio.open_connection(parts.hostname, parts.port or 5432)
        server_in, server_out = await opened
        cutting = asyncio.Event()

        async def up() -> None:
            while data := await client_in.read(65536):
                if cut in data:
                    cutting.set()
                    if before:
                        break
                server_out.write(data)
            server_out.close()
            if before:
                client_out.close()

        async def down() -> None:
            while data := await server_in.read(65536):
                if cutting.is_set():
                    break
                client_out.write(data)
            client_out.close()

        with contextlib.suppress(OSError):
            await asyncio.gather(up(), down())

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"postgresql://{parts.username}:{parts.password or ''}@127.0.0.1:{port}{parts.path}"
    finally:
        listening.close()
