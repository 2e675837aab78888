"""What every adapter of `Transactions` keeps to: all or nothing, nothing lost, and no waiting for anything else."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from tradepost.kernel.errors import Conflict, PreconditionFailed
from tradepost.kernel.transactions import StaleVersion
from tradepost_adapters.contracts.concurrency import CancellationContract, ConcurrencyContract
from tradepost_adapters.contracts.misuse import MisuseContract
from tradepost_adapters.contracts.probes import Probe, ProbeTx, TransactionsAdapter, a_probe, add, count, counts

_language: ContextVar[str] = ContextVar("language", default="en")


class BadDay(BaseException):
    """Not even an `Exception`."""


class Refused(Exception):
    """What work of these suites raises when it must fail."""


@pytest.mark.asyncio
class AtomicityContract:
    """All of a work happens, or none of it."""

    async def test_what_work_returns_is_returned_and_what_it_wrote_is_there(self, adapter: TransactionsAdapter) -> None:
        async def work(tx: ProbeTx) -> str:
            await tx.probes.add(a_probe("a", 7))
            return "answer"

        assert await adapter.transactions.run(work) == "answer"
        assert await counts(adapter, ["a", "b"]) == {"a": 7}

    async def test_work_reads_what_it_wrote(self, adapter: TransactionsAdapter) -> None:
        async def work(tx: ProbeTx) -> tuple[int, int]:
            await tx.probes.add(a_probe("a", 1))
            await count(tx, "a", 1)
            probe = await count(tx, "a", 1)
            return probe.count, probe.version

        assert await adapter.transactions.run(work) == (3, 3)

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("no"),
            Conflict("test.refused", "No."),
            RuntimeError("no"),
            asyncio.CancelledError(),
            TimeoutError(),
            KeyboardInterrupt(),
            SystemExit(1),
            BadDay(),
        ],
        ids=lambda error: type(error).__name__,
    )
    async def test_what_work_raises_is_raised_unchanged_and_leaves_nothing(
        self, adapter: TransactionsAdapter, error: BaseException
    ) -> None:
        await add(adapter, a_probe("old"))
        attempts = []

        async def work(tx: ProbeTx) -> None:
            attempts.append(1)
            await tx.probes.add(a_probe("new"))
            await count(tx, "old", 41)
            raise error

        with pytest.raises(type(error)) as raised:
            await adapter.transactions.run(work)
        assert raised.value is error
        assert len(attempts) == 1
        assert await counts(adapter, ["old", "new"]) == {"old": 1}
        assert [message.aggregate_id for message in await adapter.messages()] == ["old"]

    async def test_work_that_fails_before_its_first_step_is_an_error_like_any_other(
        self, adapter: TransactionsAdapter
    ) -> None:
        error = ValueError("no")

        def work(tx: ProbeTx) -> Coroutine[Any, Any, None]:
            raise error

        with pytest.raises(ValueError, match="no") as raised:
            await adapter.transactions.run(work)
        assert raised.value is error
        await add(adapter, a_probe("a"))

    async def test_a_failed_attempt_can_be_tried_again(self, adapter: TransactionsAdapter) -> None:
        async def fail(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe("a", 1))
            raise Refused

        with pytest.raises(Refused):
            await adapter.transactions.run(fail)
        await add(adapter, a_probe("a", 2))
        assert await counts(adapter, ["a"]) == {"a": 2}

    async def test_events_are_in_the_outbox_exactly_when_the_aggregate_is_saved(
        self, adapter: TransactionsAdapter
    ) -> None:
        await add(adapter, a_probe("a"))

        async def twice(tx: ProbeTx) -> None:
            await count(tx, "a", 1)
            await count(tx, "a", 1)

        async def never(tx: ProbeTx) -> None:
            await count(tx, "a", 1)
            raise Refused

        async def unsaved(tx: ProbeTx) -> None:
            (await tx.probes.get("a")).add(100)

        await adapter.transactions.run(twice)
        with pytest.raises(Refused):
            await adapter.transactions.run(never)
        await adapter.transactions.run(unsaved)
        messages = sorted(await adapter.messages(), key=lambda message: message.sequence)
        assert [message.id for message in messages] == ["a.1.0", "a.2.0", "a.3.0"]
        assert {message.type for message in messages} == {"tradepost.probe.counted.v1"}
        assert b'"count":3' in messages[-1].payload
        assert await counts(adapter, ["a"]) == {"a": 3}

    async def test_what_is_handed_out_is_a_copy(self, adapter: TransactionsAdapter) -> None:
        mine = a_probe("a", 1)
        await add(adapter, mine)
        mine.count = 100

        async def work(tx: ProbeTx) -> tuple[int, int]:
            first, second = await tx.probes.get("a"), await tx.probes.get("a")
            first.count = 200
            return second.count, (await tx.probes.get("a")).count

        assert await adapter.transactions.run(work) == (1, 1)


@pytest.mark.asyncio
class RetryContract:
    """A stale version is read again; everything else is told at once."""

    async def test_work_that_met_a_stale_version_is_run_again_from_the_start(
        self, adapter: TransactionsAdapter
    ) -> None:
        await add(adapter, a_probe("a", 0))

        async def read(tx: ProbeTx) -> Probe:
            return await tx.probes.get("a")

        stale = await adapter.transactions.run(read)

        async def faster(tx: ProbeTx) -> None:
            await count(tx, "a", 10)

        await adapter.transactions.run(faster)
        attempts: list[Probe] = []

        async def work(tx: ProbeTx) -> int:
            await tx.probes.add(a_probe("b"))
            probe = await tx.probes.get("a") if attempts else stale
            attempts.append(probe)
            probe.add(1)
            await tx.probes.save(probe)
            return probe.count

        assert await adapter.transactions.run(work) == 11
        assert len(attempts) == 2
        assert await counts(adapter, ["a", "b"]) == {"a": 11, "b": 1}
        assert len(await adapter.messages()) == 4

    async def test_retries_are_bounded(self, adapter: TransactionsAdapter) -> None:
        attempts = []

        async def work(tx: ProbeTx) -> None:
            attempts.append(1)
            await tx.probes.add(a_probe("a"))
            raise StaleVersion("a")

        with pytest.raises(StaleVersion):
            await adapter.transactions.run(work)
        assert 2 <= len(attempts) <= 20
        assert await counts(adapter, ["a"]) == {}
        assert await adapter.messages() == []

    @pytest.mark.parametrize(
        "error",
        [Conflict("test.refused", "No."), PreconditionFailed("a", expected=1, actual=2)],
        ids=lambda error: type(error).__name__,
    )
    async def test_a_refusal_is_not_retried(self, adapter: TransactionsAdapter, error: Exception) -> None:
        attempts = []

        async def work(tx: ProbeTx) -> None:
            attempts.append(1)
            raise error

        with pytest.raises(type(error)):
            await adapter.transactions.run(work)
        assert len(attempts) == 1

    async def test_saving_what_was_never_added_is_stale(self, adapter: TransactionsAdapter) -> None:
        async def work(tx: ProbeTx) -> None:
            await tx.probes.save(Probe(id="a", version=1))

        with pytest.raises(StaleVersion):
            await adapter.transactions.run(work)


@pytest.mark.asyncio
class ContextContract:
    """Work runs as a part of its caller."""

    async def test_work_sees_the_callers_context_and_cannot_change_it(self, adapter: TransactionsAdapter) -> None:
        async def work(tx: ProbeTx) -> str:
            await counting(tx)
            language = _language.get()
            _language.set("fr")
            return language

        async def counting(tx: ProbeTx) -> None:
            await tx.probes.add(a_probe(_language.get()))

        async def caller(language: str) -> tuple[str, str]:
            _language.set(language)
            return await adapter.transactions.run(work), _language.get()

        answers = await asyncio.gather(caller("de"), caller("nl"))
        assert list(answers) == [("de", "de"), ("nl", "nl")]

    async def test_each_attempt_starts_in_the_callers_context(self, adapter: TransactionsAdapter) -> None:
        seen = []

        async def work(tx: ProbeTx) -> None:
            seen.append(_language.get())
            _language.set("fr")
            raise StaleVersion("a")

        with pytest.raises(StaleVersion):
            await adapter.transactions.run(work)
        assert set(seen) == {"en"}


class TransactionsContract(
    AtomicityContract, RetryContract, ContextContract, ConcurrencyContract, MisuseContract, CancellationContract
):
    """Bind it with a fixture `adapter` that gives a `TransactionsAdapter`, and declare `SEVERAL_LOOPS`."""
