"""What every adapter of `Transactions` refuses: work that waits for something else than its transaction."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tradepost.kernel.transactions import TransactionMisuse
from tradepost_adapters.contracts.probes import ProbeTx, TransactionsAdapter, a_probe, counts


async def _sleep_nothing() -> None:
    await asyncio.sleep(0)


async def _sleep() -> None:
    await asyncio.sleep(0.001)


async def _thread() -> None:
    await asyncio.to_thread(int)


async def _gather() -> None:
    await asyncio.gather(asyncio.get_running_loop().create_future())


async def _timeout() -> None:
    async with asyncio.timeout(1):
        await asyncio.sleep(0)


async def _event() -> None:
    await asyncio.Event().wait()


async def _queue() -> None:
    await asyncio.Queue[int]().get()


async def _schedule() -> None:
    asyncio.get_running_loop().call_soon(int)


async def _task() -> None:
    coroutine = _sleep_nothing()
    try:
        await asyncio.create_task(coroutine)
    finally:
        coroutine.close()


async def _subprocess() -> None:
    await asyncio.create_subprocess_exec("true")


_MISUSES: list[Callable[[], Awaitable[None]]] = [
    _sleep_nothing,
    _sleep,
    _thread,
    _gather,
    _timeout,
    _event,
    _queue,
    _schedule,
    _task,
    _subprocess,
]


def _name(misuse: Callable[[], Awaitable[None]]) -> str:
    return misuse.__name__.strip("_")


@pytest.mark.asyncio
class MisuseContract:
    """Work may await its transaction and nothing else; breaking that is an error by name, and leaves nothing."""

    @pytest.mark.parametrize("misuse", _MISUSES, ids=_name)
    async def test_work_that_uses_the_event_loop_is_refused_by_name(
        self, adapter: TransactionsAdapter, misuse: Callable[[], Awaitable[None]]
    ) -> None:
        async def work(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("a"))
            await misuse()
            await tx.probes.add(a_probe("b"))

        with pytest.raises(TransactionMisuse, match=r"^The work of a transaction used "):
            await adapter.transactions.run(work)
        assert await counts(adapter, ["a", "b"]) == {}

    @pytest.mark.parametrize("misuse", _MISUSES, ids=_name)
    async def test_hiding_the_error_does_not_help(
        self, adapter: TransactionsAdapter, misuse: Callable[[], Awaitable[None]]
    ) -> None:
        async def work(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("a"))
            try:
                await misuse()
            except RuntimeError:
                await tx.probes.add(a_probe("b"))

        with pytest.raises(TransactionMisuse):
            await adapter.transactions.run(work)
        assert await counts(adapter, ["a", "b"]) == {}

    async def test_waiting_for_the_callers_own_events_locks_and_futures_is_refused(
        self, adapter: TransactionsAdapter
    ) -> None:
        event, lock, future = asyncio.Event(), asyncio.Lock(), asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(event.wait())
        await asyncio.sleep(0)  # so that the event knows its loop
        await lock.acquire()

        async def for_the_event(tx: ProbeTx) -> None:
            await event.wait()

        async def for_the_lock(tx: ProbeTx) -> None:
            await lock.acquire()

        async def for_the_future(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("a"))
            await future

        async def for_the_task(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("a"))
            await task

        for work in (for_the_event, for_the_lock, for_the_future, for_the_task):
            with pytest.raises(TransactionMisuse):
                await adapter.transactions.run(work)
        task.cancel()
        assert await counts(adapter, ["a"]) == {}

    async def test_a_run_inside_a_run_is_refused_and_leaves_nothing(self, adapter: TransactionsAdapter) -> None:
        async def inner(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("inner"))

        async def outer(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("outer"))
            await adapter.transactions.run(inner)

        with pytest.raises(TransactionMisuse, match="called `run`"):
            await adapter.transactions.run(outer)
        assert await counts(adapter, ["inner", "outer"]) == {}

    async def test_a_transaction_is_of_no_use_after_its_run(self, adapter: TransactionsAdapter) -> None:
        async def keep(tx: ProbeTx) -> ProbeTx:
            await tx.probes.add(a_probe("a"))
            return tx

        kept = await adapter.transactions.run(keep)
        with pytest.raises(TransactionMisuse, match="has ended"):
            await kept.probes.get("a")

        async def borrow(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("b"))
            await kept.probes.add(a_probe("c"))

        with pytest.raises(TransactionMisuse, match="has ended"):
            await adapter.transactions.run(borrow)
        assert await counts(adapter, ["a", "b", "c"]) == {"a": 1}
