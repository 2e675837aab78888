"""Transactions on SQLite: one writer thread, many functions to a commit.

SQLite lets one transaction write at a time and makes each wait for the disk. So `run` queues its function, and the one
writer begins, steps each function that waits, and those that come in meanwhile, under a savepoint of its own, commits
once and answers all.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from tradepost.kernel.stepping import refuse_nested, step
from tradepost.kernel.transactions import OutcomeUnknown, StaleVersion, TransactionMisuse, Unavailable
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite_connection import SAVEPOINT, SqliteConnection, open_sqlite, translate
from tradepost_adapters.sqlite_library import sqlite3

R = TypeVar("R")
TxT = TypeVar("TxT")

_MAX_BATCH = 128
_ATTEMPTS = 5


class _Job:
    """A function on its way to the writer and its outcome on the way back."""

    __slots__ = ("_ticket", "context", "error", "future", "loop", "result", "work")

    def __init__(self, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
        self.work = work
        self.context: Context = copy_context()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self._ticket = [True]

    def claim(self) -> bool:
        """True for whoever comes first: the writer that begins it, or the caller that gives up on it."""
        try:
            return self._ticket.pop()  # one atomic step, whichever thread takes it
        except IndexError:
            return False

    def deliver(self) -> None:
        """On the caller's loop: hand over the outcome."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class _TransactionGone(Exception):
    """The whole batch was rolled back under us: by the database, or because its commit failed."""


class SqliteTransactions(Generic[TxT]):
    """`Transactions` on one SQLite file. `make` builds the transaction object that `work` is given.

    `busy_timeout` is how many seconds a batch waits for another process that is writing, before all in it are
    `Unavailable`. `close` finishes what is queued.
    """

    def __init__(self, path: Path | str, make: Callable[[Connection], TxT], *, busy_timeout: float = 5.0) -> None:
        self._path = Path(path)
        self._make = make
        self._busy_timeout = busy_timeout
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        # the writer thread's alone
        self._raw: sqlite3.Connection | None = None
        self._last = False

    async def run(self, work: Callable[[TxT], Coroutine[Any, Any, R]], /) -> R:
        """Run `work` to its end and commit. See `tradepost.kernel.transactions.Transactions`."""
        refuse_nested()
        job = _Job(work)
        self._submit(job)
        try:
            result: R = await asyncio.shield(job.future)
        except asyncio.CancelledError:
            if not job.claim():
                await _settled(job.future)
            raise
        return result

    async def close(self) -> None:
        """Finish what is queued, take nothing new, and let go of the file."""
        with self._guard:
            thread = self._thread
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if thread is not None:
            await asyncio.to_thread(thread.join)

    def _submit(self, job: _Job) -> None:
        with self._guard:
            if self._closed:
                raise Unavailable("database", "The database is closed: this process is shutting down.")
            if self._thread is None:
                # a daemon, so that a program which forgets `close` still ends; what it had not answered is not committed
                self._thread = threading.Thread(target=self._serve, name="tradepost-writer", daemon=True)
                self._thread.start()
            self._queue.put(job)

    # What follows runs on the writer thread.

    def _serve(self) -> None:
        while not self._last:
            first = self._queue.get()
            if first is None:
                break
            self._do([first, *self._waiting(_MAX_BATCH - 1)])
        self._discard()

    def _waiting(self, most: int) -> Iterator[_Job]:
        """What waits now, as far as it is asked for. The end of the queue ends the thread."""
        for _ in range(most):
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is None:
                self._last = True
                return
            yield job

    def _do(self, jobs: list[_Job]) -> None:
        claimed: list[_Job] = []
        try:
            raw = self._begin()
            try:
                self._attempt(raw, self._begun(jobs, claimed))
            except _TransactionGone:
                self._discard()
                if len(claimed) > 1:
                    self._one_by_one(claimed)
        except BaseException as error:
            self._discard()
            claimed += [job for job in jobs if job.claim()]
            for job in claimed:
                job.error = translate(error) if isinstance(error, sqlite3.Error) else error
        _deliver(claimed)

    def _begun(self, jobs: list[_Job], claimed: list[_Job]) -> Iterator[_Job]:
        """Claim one after the other: these, and what comes in meanwhile, as it need not wait for a commit of its own.

        Only now that the transaction is open, so that whoever gives up while the file is busy has not begun.
        """
        for job in chain(jobs, self._waiting(_MAX_BATCH - len(jobs))):
            if job.claim():
                claimed.append(job)
                yield job

    def _one_by_one(self, jobs: list[_Job]) -> None:
        """Their common transaction is gone: find out whose fault it was. All run again, also those that had failed, as
        their reason may have been what another one did."""
        for job in jobs:
            job.result = job.error = None
            try:
                self._attempt(self._begin(), [job])
            except _TransactionGone:
                self._discard()
            except sqlite3.Error as error:
                self._discard()
                job.error = translate(error)

    def _begin(self) -> sqlite3.Connection:
        if self._raw is None:
            self._raw = open_sqlite(self._path, busy_timeout=self._busy_timeout)
        self._raw.execute("BEGIN IMMEDIATE")
        return self._raw

    def _attempt(self, raw: sqlite3.Connection, jobs: Iterable[_Job]) -> None:
        """Run and commit them. Raises `_TransactionGone`, with the errors noted in the jobs."""
        done: list[_Job] = []
        try:
            for job in jobs:
                done.append(job)
                self._run_job(raw, job)
            raw.execute("COMMIT")
        except sqlite3.Error as error:
            # the pages may have reached the log before the disk failed, and would then be found after a crash
            unknown = "I/O error" in str(error)
            for job in done:
                job.error = job.error or (OutcomeUnknown() if unknown else translate(error))
            raise _TransactionGone from error

    def _run_job(self, raw: sqlite3.Connection, job: _Job) -> None:
        for attempt in range(_ATTEMPTS):
            raw.execute(f"SAVEPOINT {SAVEPOINT}")
            connection = SqliteConnection(raw)
            try:
                job.result = step(job.work, self._make(connection), job.context.copy())
                connection.verify()
                job.error = None
            except BaseException as error:
                job.error = error
            finally:
                connection.end()
            # some errors (a full disk) make SQLite roll back everything, other functions' work included
            if not raw.in_transaction:
                job.error = job.error or TransactionMisuse("The work ended the transaction; that is for `run` to do.")
                raise _TransactionGone
            if job.error is not None:
                raw.execute(f"ROLLBACK TO {SAVEPOINT}")
            raw.execute(f"RELEASE {SAVEPOINT}")
            # no pause before the next attempt: nobody else can write as long as we hold the transaction
            if not isinstance(job.error, StaleVersion) or attempt == _ATTEMPTS - 1:
                return

    def _discard(self) -> None:
        """Close the connection, which rolls back what is open. The next batch opens another."""
        raw, self._raw = self._raw, None
        if raw is not None:
            with suppress(sqlite3.Error):  # it is being thrown away; the first error is the one to tell
                raw.close()


def _deliver(jobs: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, answered in by_loop.items():
        try:
            loop.call_soon_threadsafe(_deliver_here, answered)
        except RuntimeError:  # the loop is closed: nobody is left to be told
            continue


def _deliver_here(jobs: list[_Job]) -> None:
    for job in jobs:
        job.deliver()


async def _settled(future: "asyncio.Future[Any]") -> None:
    """Wait until there is an outcome, however often the caller is cancelled meanwhile."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()  # looked at, so that it is not reported as lost
