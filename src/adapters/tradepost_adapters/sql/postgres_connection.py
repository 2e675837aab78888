"""The connection of one running transaction on Postgres."""

from asyncio import AbstractEventLoop, _set_running_loop
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

import asyncpg

from tradepost.kernel.stepping import RefusingLoop, ended, swallowed
from tradepost.kernel.transactions import OutcomeUnknown, TransactionMisuse
from tradepost_adapters.sql.connection import (
    NOTHING,
    Params,
    Row,
    UniqueViolation,
    refuse,
)
from tradepost_adapters.sql.postgres_pool import AWAY, away, translate
from tradepost_adapters.sql.statements import POSTGRESQL, Change, Insert, Statement, encode_json, merged
from tradepost_adapters.sql.visibility import only_reads, tables_of

T = TypeVar("T")


class _Held(NamedTuple):
    """A change that waits for the next statement or the commit."""

    change: Change
    document: str
    rows: int
    otherwise: Callable[[list[Row]], Exception]


class PostgresConnection:
    """What `work` speaks to, as `Connection` says. The transaction begins with the first statement that needs one.

    Reads need none: at READ COMMITTED every statement sees what was committed when it began, inside a transaction or
    not. Inserts that were all held back until the commit go out as a single statement, which is a transaction by itself.

    While a statement runs (`busy`) the work may be suspended and the thread has its event loop back; at any other time
    the stand-in `loop` refuses whatever the work tries to do with it.
    """

    __slots__ = ("_change", "_deferred", "_open", "_raw", "_real_loop", "begun", "busy", "loop", "lost")

    dialect = POSTGRESQL

    def __init__(self, raw: Any, real_loop: AbstractEventLoop) -> None:
        self._raw = raw
        self._real_loop = real_loop
        self._open = True
        self._deferred: dict[Insert, list[Params]] = {}
        self._change: _Held | None = None
        self.loop = RefusingLoop()
        self.busy = False
        self.begun = False
        self.lost: Exception | None = None

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]:
        compiled = statement.on(POSTGRESQL)
        values = compiled.bind(params)
        return compiled.rows(await self._ask(statement, self._raw.fetch, compiled.text, values))

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        compiled = statement.on(POSTGRESQL)
        values = compiled.bind(params)
        row = await self._ask(statement, self._raw.fetchrow, compiled.text, values)
        return None if row is None else compiled.row(row)

    async def run(self, statement: Statement, params: Params = NOTHING, /) -> int:
        compiled = statement.on(POSTGRESQL)
        values = compiled.bind(params)
        status: str = await self._ask(statement, self._raw.execute, compiled.text, values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def insert(self, statement: Insert, rows: Sequence[Params], /) -> None:
        self.defer(statement, rows)
        if self._deferred:
            await self._inside(self._send_deferred)

    async def change(
        self, change: Change, document: Any, /, *, rows: int, otherwise: Callable[[list[Row]], Exception]
    ) -> None:
        self._usable()
        # Parts of one statement do not see each other's rows: what is to be changed has to be there before.
        if self._change is not None or any(insert.table is change.table for insert in self._deferred):
            await self._inside(self._send_deferred)
        self._change = _Held(change, encode_json(document), rows, otherwise)

    def defer(self, statement: Insert, rows: Sequence[Params], /) -> None:
        self._usable()
        if rows:
            self._deferred.setdefault(statement, []).extend(rows)

    async def finish(self) -> None:
        """Send what is held back and commit. For `run`, after the work."""
        if self.lost is not None:
            raise swallowed(self.lost) from self.lost
        self._open = False
        if self.begun and not self._raw.is_in_transaction() and not self._raw.is_closed():
            raise TransactionMisuse("The work ended the transaction; that is for `run` to do.")
        if self._deferred or self._change is not None:
            await self._send_deferred(begin=False)
        if self.begun:
            await self._commit()

    async def _commit(self) -> None:
        try:
            tag = await self._raw.execute("COMMIT")
        except Exception as error:
            if self._is_gone(error):
                raise OutcomeUnknown() from error
            self._lose(error)
        if tag != "COMMIT":
            raise RuntimeError(f"Postgres answered COMMIT with {tag}: something had failed without anyone noticing.")

    def end(self) -> None:
        """The function has returned: whoever kept the transaction can do nothing with it."""
        self._open = False

    async def _ask(
        self, statement: Statement, call: Callable[..., Awaitable[T]], text: str, values: tuple[Any, ...]
    ) -> T:
        async def ask() -> T:
            if (self._deferred or self._change is not None) and self._could_see_deferred(statement):
                await self._send_deferred()
            if not only_reads(statement.construct(POSTGRESQL)):
                await self._begin()
            return await call(text, *values)

        return await self._inside(ask)

    async def _inside(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call with the event loop in its place, one at a time."""
        self._usable()
        self.busy = True
        _set_running_loop(self._real_loop)
        try:
            return await call()
        except Exception as error:
            if self.lost is None:
                self._lose(error)
            raise
        finally:
            self.busy = False
            _set_running_loop(self.loop)  # type: ignore[arg-type] # the stand-in is no loop, on purpose

    async def _begin(self) -> None:
        if not self.begun:
            await self._raw.execute("BEGIN")
            self.begun = True

    async def _send_deferred(self, *, begin: bool = True) -> None:
        deferred, self._deferred = self._deferred, {}
        held, self._change = self._change, None
        values: list[Any] = []
        for insert, rows in deferred.items():
            values += insert.values(POSTGRESQL, rows[0]) if len(rows) == 1 else insert.arrays(rows)
        shape = tuple((insert, len(rows) > 1) for insert, rows in deferred.items())
        text = merged(shape, held.change if held is not None else None)
        if held is not None:
            values += (held.document, held.rows)
        if begin:
            await self._begin()
        try:
            await self._raw.execute(text, *values)
        except asyncpg.DivisionByZeroError as error:
            assert held is not None  # noqa: S101 - nothing else divides
            self.lost = error
            raise await self._explained(held) from None
        except Exception as error:
            if not self.begun and self._is_gone(error):  # it was its own transaction, and may have been committed
                raise OutcomeUnknown() from error
            self._lose(error, tuple(deferred))

    async def _explained(self, held: "_Held") -> Exception:
        """Why it did not change the rows it should have, now that everything is undone."""
        if self.begun:
            await self._raw.execute("ROLLBACK")
            self.begun = False
        explain = held.change.explain.on(POSTGRESQL)
        return held.otherwise(explain.rows(await self._raw.fetch(explain.text, held.document)))

    def _could_see_deferred(self, statement: Statement) -> bool:
        tables = tables_of(statement.construct(POSTGRESQL))
        if tables is None or any(insert.table in tables for insert in self._deferred):
            return True
        return self._change is not None and self._change.change.table in tables

    def _usable(self) -> None:
        if not self._open:
            raise ended()
        if self.busy:
            raise TransactionMisuse(
                "Two statements of one transaction were sent at the same time. Await them one after the other."
            )
        if self.lost is not None:
            raise swallowed(self.lost) from self.lost

    def _is_gone(self, error: Exception) -> bool:
        return isinstance(error, AWAY) or bool(self._raw.is_closed())

    def _lose(self, error: Exception, inserts: tuple[Insert, ...] = ()) -> NoReturn:
        self.lost = error
        meaning = translate(error)
        if isinstance(meaning, UniqueViolation):
            refuse(meaning, inserts, error)
        if meaning is error and self._raw.is_closed():
            meaning = away()
        if meaning is error:
            raise error
        raise meaning from error
