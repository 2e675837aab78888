"""What every adapter of `Transactions` keeps to when many use it at once, and when some of them go away."""

# ruff: noqa: S101 - a suite asserts

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import pytest

from tradepost.kernel.errors import Conflict
from tradepost.kernel.transactions import StaleVersion, TransactionMisuse
from tradepost_adapters.contracts.probes import ProbeTx, TransactionsAdapter, a_probe, add, count, counts

Work = Callable[[ProbeTx], Coroutine[Any, Any, Any]]


@pytest.mark.asyncio
class ConcurrencyContract:
    """Many at once: nothing is lost, and nothing sold twice."""

    SEVERAL_LOOPS: ClassVar[bool]
    """Whether one `Transactions` serves several threads, each with an event loop of its own."""

    async def test_two_hundred_at_once_all_happen(self, adapter: TransactionsAdapter) -> None:
        ids = [f"probe_{number}" for number in range(200)]
        await asyncio.gather(*(add(adapter, a_probe(id_, 5)) for id_ in ids))
        assert await counts(adapter, ids) == dict.fromkeys(ids, 5)
        assert len(await adapter.messages()) == 200

    async def test_no_update_is_lost_when_many_write_one_row(self, adapter: TransactionsAdapter) -> None:
        await add(adapter, a_probe("a", 0))

        async def work(tx: ProbeTx) -> None:
            await count(tx, "a", 1)

        async def insist() -> None:
            for _ in range(25):  # its own retries are bounded, and the row is contested; but each round somebody wins
                try:
                    return await adapter.transactions.run(work)
                except StaleVersion:
                    continue
            raise AssertionError("The row was never free.")

        await asyncio.gather(*(insist() for _ in range(25)))
        assert await counts(adapter, ["a"]) == {"a": 25}
        assert len(await adapter.messages()) == 26

    async def test_of_many_buyers_of_one_unit_one_gets_it(self, adapter: TransactionsAdapter) -> None:
        await add(adapter, a_probe("unit", 1))

        async def buy(tx: ProbeTx) -> None:
            probe = await tx.probes.get("unit")
            if probe.count < 1:
                raise Conflict("test.sold_out", "It is sold.")
            probe.add(-1)
            await tx.probes.save(probe)

        outcomes = await asyncio.gather(*(adapter.transactions.run(buy) for _ in range(40)), return_exceptions=True)
        assert outcomes.count(None) == 1
        assert {type(outcome) for outcome in outcomes} <= {type(None), Conflict, StaleVersion}
        assert await counts(adapter, ["unit"]) == {"unit": 0}

    async def test_one_that_fails_takes_no_other_with_it(self, adapter: TransactionsAdapter) -> None:
        def work(number: int) -> Work:
            async def write(tx: ProbeTx) -> None:
                await tx.probes.add(a_probe(f"probe_{number}"))
                if number % 3 == 0:
                    raise ValueError(number)
                if number % 3 == 1:
                    await asyncio.sleep(0)

            return write

        outcomes = await asyncio.gather(
            *(adapter.transactions.run(work(number)) for number in range(60)), return_exceptions=True
        )
        expected = {0: ValueError, 1: TransactionMisuse, 2: type(None)}
        assert [type(outcome) for outcome in outcomes] == [expected[number % 3] for number in range(60)]
        written = await counts(adapter, [f"probe_{number}" for number in range(60)])
        assert set(written) == {f"probe_{number}" for number in range(2, 60, 3)}

    async def test_several_threads_with_loops_of_their_own_are_served(self, adapter: TransactionsAdapter) -> None:
        if not self.SEVERAL_LOOPS:
            pytest.skip("declared: one Transactions of this adapter serves one event loop")
        ids = [[f"probe_{thread}_{number}" for number in range(20)] for thread in range(4)]
        failures: list[BaseException] = []

        def serve(mine: list[str]) -> None:
            async def all_of_them() -> None:
                await asyncio.gather(*(add(adapter, a_probe(id_)) for id_ in mine))

            try:
                asyncio.run(all_of_them())
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=serve, args=(mine,)) for mine in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        assert failures == []
        assert len(await counts(adapter, [id_ for mine in ids for id_ in mine])) == 80


@pytest.mark.asyncio
class CancellationContract:
    """Whoever goes away leaves a whole transaction or none."""

    async def test_a_caller_cancelled_before_it_began_has_done_nothing(self, adapter: TransactionsAdapter) -> None:
        task = asyncio.ensure_future(add(adapter, a_probe("a")))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await counts(adapter, ["a"]) == {}

    @pytest.mark.parametrize("seed", range(4))
    async def test_in_a_storm_of_cancellations_every_transaction_is_whole_and_settled(
        self, adapter: TransactionsAdapter, seed: int
    ) -> None:
        dice = random.Random(seed)  # noqa: S311 - chooses when to cancel
        tasks = [asyncio.ensure_future(add(adapter, a_probe(f"{n}_a"), a_probe(f"{n}_b"))) for n in range(80)]
        for task in dice.sample(tasks, 60):
            await asyncio.sleep(dice.choice((0, 0, 0, 0.0005, 0.002)))
            task.cancel()
            if dice.random() < 0.3:
                task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        ids = [f"{n}_{half}" for n in range(80) for half in "ab"]
        settled = await counts(adapter, ids)
        for n, outcome in enumerate(outcomes):
            halves = (f"{n}_a" in settled, f"{n}_b" in settled)
            if outcome is None:
                assert halves == (True, True)
            else:
                assert isinstance(outcome, asyncio.CancelledError)
                assert halves in ((True, True), (False, False))
        await add(adapter, a_probe("later"))
        assert await counts(adapter, ids) == settled
        assert len(await adapter.messages()) == len(settled) + 1

    async def test_when_a_cancelled_caller_is_told_its_transaction_has_ended(
        self, adapter: TransactionsAdapter
    ) -> None:
        steps: list[str] = []

        async def work(tx: ProbeTx) -> None:
            steps.append("begun")
            await tx.probes.add(a_probe("a"))
            await tx.probes.get("a")
            steps.append("ended")

        task = asyncio.ensure_future(adapter.transactions.run(work))
        while not steps and not task.done():  # noqa: ASYNC110 - work may not touch an event
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert steps == ["begun", "ended"]
        assert await counts(adapter, ["a"]) == {"a": 1}
