"""Transactions and reads on Postgres, over asyncpg."""

import asyncio
import random
from asyncio import _set_running_loop
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Generic, TypeVar

from tradepost.kernel.stepping import mark_inside, misses_loop, refuse_nested, suspended, waited
from tradepost.kernel.transactions import StaleVersion, Unavailable
from tradepost_adapters.sql.connection import NOTHING, Connection, Params, Row
from tradepost_adapters.sql.postgres_connection import PostgresConnection
from tradepost_adapters.sql.postgres_pool import AWAY, RETRIED, PostgresPool, away, translate
from tradepost_adapters.sql.statements import POSTGRESQL, Statement

R = TypeVar("R")
TxT = TypeVar("TxT")

_ATTEMPTS = 6
_FIRST_PAUSE = 0.004


class PostgresTransactions(Generic[TxT]):
    """`Transactions` on Postgres, at READ COMMITTED. `make` builds the transaction object that `work` is given.

    Whoever is cancelled while waiting for a connection has not begun; after that the transaction runs to its end, and
    only then is the caller told of the cancellation. `close` waits for those.
    """

    def __init__(self, pool: PostgresPool, make: Callable[[Connection], TxT]) -> None:
        self._pool = pool
        self._make = make
        self._running = 0
        self._closed = False
        self._ended = asyncio.Condition()

    async def run(self, work: Callable[[TxT], Coroutine[Any, Any, R]], /) -> R:
        """Run `work` to its end and commit. See `tradepost.kernel.transactions.Transactions`."""
        refuse_nested()
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._attempt(work)
            except StaleVersion:
                pass
            except Unavailable as error:
                if not isinstance(error.__cause__, RETRIED):
                    raise
            # those who got in each other's way come back at different moments, and later each time
            await asyncio.sleep(random.random() * _FIRST_PAUSE * 2**attempt)  # noqa: S311
        return await self._attempt(work)

    async def close(self) -> None:
        """Take nothing new, and wait for what is running."""
        self._closed = True
        async with self._ended:
            await self._ended.wait_for(lambda: not self._running)

    async def _attempt(self, work: Callable[[TxT], Coroutine[Any, Any, R]]) -> R:
        raw = await self._pool.acquire()
        if self._closed:
            self._pool.release(raw)
            raise Unavailable("database", "The database is closed: this process is shutting down.")
        return await _ToItsEnd(self._transact(raw, work, copy_context()))

    async def _transact(self, raw: Any, work: Callable[[TxT], Coroutine[Any, Any, R]], context: Context) -> R:
        connection = PostgresConnection(raw, asyncio.get_running_loop())
        self._running += 1
        try:
            result = await _Stepped(work, self._make(connection), connection, context)
            await connection.finish()
        except BaseException:
            connection.end()
            await _roll_back(raw)
            raise
        finally:
            self._pool.release(raw)
            self._running -= 1
            if self._closed:
                async with self._ended:
                    self._ended.notify_all()
        return result


async def _roll_back(raw: Any) -> None:
    """Undo. When that fails the connection is broken, and with it the transaction is gone; the first error is told."""
    if raw.is_closed():
        return
    try:
        if raw.is_in_transaction():
            await raw.execute("ROLLBACK")
    except Exception:
        raw.terminate()


class _ToItsEnd(Generic[R]):
    """Awaits a coroutine so that cancelling the caller does not touch it. The cancellation is raised when it is done.

    Unlike `asyncio.shield` it makes no task, so nothing is left behind for a closing event loop to cancel: a COMMIT on
    its way is waited for even when `asyncio.run` ends with all its tasks cancelled.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, R]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, None, R]:
        loop = asyncio.get_running_loop()
        cancelled: asyncio.CancelledError | None = None
        try:
            while True:
                awaited: Any = self._coroutine.send(None)
                if awaited is None:  # `asyncio.sleep(0)` and the like: just come back
                    with suppress(asyncio.CancelledError):
                        yield
                    continue
                awaited._asyncio_future_blocking = False  # as a task would say: it has been waited for
                while not awaited.done():
                    woken = loop.create_future()
                    awaited.add_done_callback(lambda _, woken=woken: woken.done() or woken.set_result(None))
                    try:
                        yield from woken
                    except asyncio.CancelledError as error:
                        cancelled = error
        except StopIteration as done:
            if cancelled is not None:
                raise cancelled from None
            result: R = done.value
            return result
        except Exception:
            if cancelled is not None:
                raise cancelled from None
            raise
        finally:
            self._coroutine.close()


class _Stepped(Generic[R]):
    """Awaits `work(tx)`, letting it wait for its connection and for nothing else."""

    def __init__(
        self,
        work: Callable[[TxT], Coroutine[Any, Any, R]],
        tx: TxT,
        connection: PostgresConnection,
        context: Context,
    ) -> None:
        self._connection = connection
        self._context = context

        def begin() -> Coroutine[Any, Any, R]:
            mark_inside()
            return work(tx)

        self._begin = begin

    def __await__(self) -> Generator[Any, None, R]:
        connection = self._connection
        coroutine = self._step(self._begin)
        try:
            while True:
                awaited = self._step(coroutine.send, None)
                if not connection.busy:
                    self._refuse(coroutine, awaited)
                yield awaited  # whoever drives us comes back when it is done
        except StopIteration as done:
            if connection.loop.misuse is not None:
                raise connection.loop.misuse from None
            result: R = done.value
            return result
        finally:
            coroutine.close()

    def _step(self, call: Callable[..., Any], *values: Any) -> Any:
        """One step, in the context of the work, with the stand-in for its event loop."""
        connection = self._connection
        outer = asyncio.get_running_loop()
        if not connection.busy:
            _set_running_loop(connection.loop)  # type: ignore[arg-type] # the stand-in is no loop, on purpose
        try:
            return self._context.run(call, *values)
        except RuntimeError as error:
            if misses_loop(error):
                raise waited("an event loop") from error
            raise
        finally:
            _set_running_loop(outer)

    def _refuse(self, coroutine: Coroutine[Any, Any, R], awaited: Any) -> None:
        misuse = suspended(awaited)
        if isinstance(awaited, asyncio.Future):
            awaited.cancel()
        try:
            self._step(coroutine.throw, misuse)  # raised where it waits, so the traceback names the line
        except BaseException as error:
            if error is misuse:
                raise
            raise misuse from error
        raise misuse


class PostgresReads:
    """`Reads` on Postgres: each question by itself, without a transaction around it."""

    dialect = POSTGRESQL

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]:
        """All rows, from the state committed at this moment. Raises `Unavailable`."""
        refuse_nested()
        compiled = statement.on(POSTGRESQL)
        return compiled.rows(await self._ask("fetch", compiled.text, compiled.bind(params)))

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        """The first row, or None."""
        refuse_nested()
        compiled = statement.on(POSTGRESQL)
        row = await self._ask("fetchrow", compiled.text, compiled.bind(params))
        return None if row is None else compiled.row(row)

    async def _ask(self, how: str, text: str, values: tuple[Any, ...]) -> Any:
        raw = await self._pool.acquire()
        try:
            return await getattr(raw, how)(text, *values)
        except Exception as error:
            meaning = away() if raw.is_closed() and not isinstance(error, AWAY) else translate(error)
            if meaning is error:
                raise
            raise meaning from error
        finally:
            self._pool.release(raw)
