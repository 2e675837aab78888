"""What every adapter of `IdempotencyRecords` keeps to, and that `run_once` over it does a thing once."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import pytest

from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.idempotency import (
    HasIdempotency,
    IdempotencyKey,
    IdempotencyRecord,
    KeyTaken,
    Outcome,
    Refusal,
    replay,
    run_once,
)
from tradepost.kernel.transactions import StaleVersion, TransactionMisuse, Transactions, Unavailable

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
Work = Callable[[HasIdempotency], Coroutine[Any, Any, "Receipt"]]


class Receipt(msgspec.Struct, frozen=True):
    """What the work of this suite answers."""

    id: str
    at: datetime
    lines: tuple[int, ...] = ()


RECEIPT = Receipt("receipt_1", NOW, (1, 2**53 + 1))


class IdempotencyAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[HasIdempotency]: ...


def a_record(key: str, *, scope: str = "user_1", at: datetime = NOW, **more: Any) -> IdempotencyRecord:
    """A key in use."""
    values = {"fingerprint": "f1", "resource_id": f"order_{key}"} | more
    return IdempotencyRecord(scope=scope, key=key, created_at=at, **values)


def a_key(key: str = "k", *, scope: str = "user_1", fingerprint: str = "f1") -> IdempotencyKey:
    """A key as a caller sends it."""
    return IdempotencyKey(scope=scope, key=key, fingerprint=fingerprint)


async def add(adapter: IdempotencyAdapter, *records: IdempotencyRecord) -> None:
    """Add these in one transaction."""

    async def work(tx: HasIdempotency) -> None:
        for record in records:
            await tx.idempotency.add(record)

    await adapter.transactions.run(work)


async def find(adapter: IdempotencyAdapter, key: str, scope: str = "user_1") -> IdempotencyRecord | None:
    """The record of a key."""

    async def work(tx: HasIdempotency) -> IdempotencyRecord | None:
        return await tx.idempotency.find(scope, key)

    return await adapter.transactions.run(work)


async def finish(adapter: IdempotencyAdapter, resource_id: str, outcome: Outcome) -> None:
    """Store the answer, in a transaction of its own."""

    async def work(tx: HasIdempotency) -> None:
        await tx.idempotency.finish(resource_id, outcome)

    await adapter.transactions.run(work)


@pytest.mark.asyncio
class RecordsContract:
    """The records themselves."""

    @pytest.mark.parametrize(
        "outcome",
        [
            None,
            Outcome.success(RECEIPT),
            Outcome.success({"text": 'Grüße, "quoted" \\ and \u2028 more'}),
            Outcome(
                refusal=Refusal(
                    kind=Kind.CONFLICT,
                    code="stock.insufficient",
                    detail="Only 2 are left.",
                    data={"sku": "A", "available": 2, "more": [1, None, {"a": True}]},
                    faults=(("/lines/0", "is too many", "too_many"),),
                )
            ),
        ],
        ids=["under_way", "result", "text", "refusal"],
    )
    async def test_a_record_is_found_as_it_was_added(
        self, adapter: IdempotencyAdapter, outcome: Outcome | None
    ) -> None:
        record = a_record("k", outcome=outcome)
        await add(adapter, record)
        assert await find(adapter, "k") == record

    async def test_an_answer_of_none_is_an_answer(self, adapter: IdempotencyAdapter) -> None:
        await add(adapter, a_record("k", outcome=Outcome.success(None)))
        found = await find(adapter, "k")
        assert found is not None
        assert found.outcome is not None
        assert replay(found.outcome, type(None)) is None

    async def test_a_key_may_be_of_any_printable_text(self, adapter: IdempotencyAdapter) -> None:
        keys = ["a" * 255, "ключ", "🔑" * 100, 'it\'s "quoted"', "%s ?1 $1 :a", " k", "K", "k"]
        await add(adapter, *(a_record(key, resource_id=f"order_{n}") for n, key in enumerate(keys)))
        for n, key in enumerate(keys):
            found = await find(adapter, key)
            assert found is not None
            assert (found.key, found.resource_id) == (key, f"order_{n}")

    async def test_keys_of_two_callers_never_meet(self, adapter: IdempotencyAdapter) -> None:
        await add(adapter, a_record("k", scope="a"), a_record("k", scope="b", fingerprint="f2"))
        found = await find(adapter, "k", "b")
        assert found is not None
        assert found.fingerprint == "f2"
        assert await find(adapter, "k", "c") is None

    async def test_a_key_is_taken_at_the_latest_when_the_run_ends_and_nothing_else_of_it_happened(
        self, adapter: IdempotencyAdapter
    ) -> None:
        await add(adapter, a_record("k"))
        with pytest.raises(KeyTaken):
            await add(adapter, a_record("other"), a_record("k", fingerprint="f2"))
        assert await find(adapter, "other") is None
        assert await find(adapter, "k") == a_record("k")

    async def test_a_taken_key_can_not_be_hidden_and_gone_on_with(self, adapter: IdempotencyAdapter) -> None:
        await add(adapter, a_record("k"))

        async def work(tx: HasIdempotency) -> None:
            try:
                await tx.idempotency.add(a_record("k", fingerprint="f2"))
                await tx.idempotency.find("user_1", "k")
            except KeyTaken:
                pass
            await tx.idempotency.add(a_record("other"))

        with pytest.raises((KeyTaken, TransactionMisuse)):
            await adapter.transactions.run(work)
        assert await find(adapter, "other") is None

    async def test_of_many_who_add_one_key_at_once_one_wins(self, adapter: IdempotencyAdapter) -> None:
        outcomes = await asyncio.gather(
            *(add(adapter, a_record("k", fingerprint=f"f{n}")) for n in range(30)), return_exceptions=True
        )
        assert outcomes.count(None) == 1
        assert [type(outcome) for outcome in outcomes].count(KeyTaken) == 29
        found = await find(adapter, "k")
        assert found is not None
        assert found.fingerprint == f"f{outcomes.index(None)}"

    async def test_finishing_answers_the_open_keys_of_the_resource_and_no_others(
        self, adapter: IdempotencyAdapter
    ) -> None:
        first, second = Outcome.success(1), Outcome.success(2)
        await add(
            adapter,
            a_record("one", resource_id="order_1"),
            a_record("two", resource_id="order_1", scope="user_2"),
            a_record("answered", resource_id="order_1", outcome=first),
            a_record("other", resource_id="order_2"),
        )
        await finish(adapter, "order_1", second)
        await finish(adapter, "order_1", first)  # too late
        await finish(adapter, "order_of_nobody", first)
        records = [await find(adapter, key, scope) for key, scope in _KEYS]
        assert [record and record.outcome for record in records] == [second, second, first, None]

    async def test_finishing_and_adding_are_undone_with_their_transaction(self, adapter: IdempotencyAdapter) -> None:
        await add(adapter, a_record("one"))

        async def work(tx: HasIdempotency) -> None:
            await tx.idempotency.finish("order_one", Outcome.success(1))
            await tx.idempotency.add(a_record("two"))
            raise NotFound("order", "order_1")

        with pytest.raises(NotFound):
            await adapter.transactions.run(work)
        assert await find(adapter, "one") == a_record("one")
        assert await find(adapter, "two") is None
        await finish(adapter, "order_one", Outcome.success(2))
        assert await find(adapter, "one") == a_record("one", outcome=Outcome.success(2))

    async def test_work_finds_and_finishes_what_it_added(self, adapter: IdempotencyAdapter) -> None:
        async def work(tx: HasIdempotency) -> IdempotencyRecord | None:
            await tx.idempotency.add(a_record("k"))
            await tx.idempotency.finish("order_k", Outcome.success(1))
            return await tx.idempotency.find("user_1", "k")

        assert await adapter.transactions.run(work) == a_record("k", outcome=Outcome.success(1))

    async def test_old_answered_keys_are_forgotten_and_open_ones_kept(self, adapter: IdempotencyAdapter) -> None:
        old, instant = NOW - timedelta(days=2), timedelta(microseconds=1)
        answered = Outcome.success(1)
        await add(
            adapter,
            a_record("old", at=old, outcome=answered),
            a_record("open", at=old),
            a_record("just_before", at=NOW - instant, outcome=answered),
            a_record("just_at", at=NOW, outcome=answered),
        )

        async def purge(tx: HasIdempotency) -> int:
            return await tx.idempotency.purge(NOW)

        assert await adapter.transactions.run(purge) == 2
        assert await adapter.transactions.run(purge) == 0
        left = [key for key in ("old", "open", "just_before", "just_at") if await find(adapter, key)]
        assert left == ["open", "just_at"]
        await add(adapter, a_record("old"))


_KEYS = (("one", "user_1"), ("two", "user_2"), ("answered", "user_1"), ("other", "user_1"))


class Till:
    """Notes each attempt in the database; `answer` is what its work ends with, and may be changed between calls."""

    def __init__(self, adapter: IdempotencyAdapter) -> None:
        self._adapter = adapter
        self.attempts = 0
        self.answer: Receipt | Exception = RECEIPT

    async def __call__(self, key: IdempotencyKey | None, *, finishes: bool = True, wait_seconds: float = 0) -> Receipt:
        async def work(tx: HasIdempotency) -> Receipt:
            self.attempts += 1
            await tx.idempotency.add(a_record(str(self.attempts), scope="effects"))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return await run_once(
            self._adapter.transactions,
            key,
            work,
            Receipt,
            resource_id="order_1",
            at=NOW,
            finishes=lambda _: finishes,
            wait_seconds=wait_seconds,
        )

    async def happened(self) -> int:
        """How many attempts took effect."""
        noted = [await find(self._adapter, str(n), "effects") for n in range(1, self.attempts + 1)]
        return len(noted) - noted.count(None)


@pytest.mark.asyncio
class RunOnceContract:
    """`run_once` over these records."""

    async def test_without_a_key_it_happens_every_time(self, adapter: IdempotencyAdapter) -> None:
        till = Till(adapter)
        await till(None)
        await till(None)
        assert await till.happened() == 2

    async def test_a_success_is_replayed(self, adapter: IdempotencyAdapter) -> None:
        till = Till(adapter)
        first, second = a_key(), a_key()
        assert await till(first) == RECEIPT
        till.answer = Receipt("receipt_2", NOW)
        assert await till(second) == RECEIPT
        assert (first.replayed, second.replayed) == (False, True)
        assert await till.happened() == 1

    async def test_a_refusal_is_replayed_even_when_it_would_succeed_by_now(self, adapter: IdempotencyAdapter) -> None:
        till = Till(adapter)
        fault = Fault("/lines/0", "is too many", "too_many")
        till.answer = Invalid("stock.insufficient", "Only 2 are left.", fault, data={"available": 2})
        with pytest.raises(Invalid) as first:
            await till(a_key())
        assert not first.value.replayed
        till.answer = RECEIPT
        again = a_key()
        with pytest.raises(TradepostError) as second:
            await till(again)
        error = second.value
        assert (error.kind, error.code, error.detail) == (Kind.INVALID, "stock.insufficient", "Only 2 are left.")
        assert error.data == {"available": 2}
        assert [(each.pointer, each.detail, each.code) for each in error.faults] == [
            ("/lines/0", "is too many", "too_many")
        ]
        assert error.replayed
        assert again.replayed
        assert await till.happened() == 0

    async def test_a_success_is_replayed_even_when_it_would_be_refused_by_now(
        self, adapter: IdempotencyAdapter
    ) -> None:
        till = Till(adapter)
        await till(a_key())
        for error in (Conflict("cart.converted", "Bought."), PreconditionFailed("cart_1", expected=1, actual=2)):
            till.answer = error
            assert await till(a_key()) == RECEIPT
        assert await till.happened() == 1

    @pytest.mark.parametrize("kind", [Kind.INVALID, Kind.NOT_FOUND, Kind.CONFLICT, Kind.PAYMENT_DECLINED])
    async def test_business_refusals_are_stored(self, adapter: IdempotencyAdapter, kind: Kind) -> None:
        await self._refused(adapter, TradepostError(kind, "test.refused", "No."))
        assert await find(adapter, "k") is not None

    @pytest.mark.parametrize(
        "error",
        [
            TradepostError(Kind.UNAUTHENTICATED, "auth.required", "Sign in."),
            TradepostError(Kind.FORBIDDEN, "auth.forbidden", "No."),
            TradepostError(Kind.RATE_LIMITED, "rate.limited", "Later."),
            Unavailable("gateway", "Later."),
            PreconditionFailed("order_1", expected=1, actual=2),
            StaleVersion("order_1"),
            ValueError("a bug"),
        ],
        ids=lambda error: type(error).__name__ + "_" + getattr(error, "kind", ""),
    )
    async def test_what_is_no_answer_of_the_business_is_not_stored_and_can_be_tried_again(
        self, adapter: IdempotencyAdapter, error: Exception
    ) -> None:
        till = await self._refused(adapter, error)
        assert await find(adapter, "k") is None
        till.answer = RECEIPT
        key = a_key()
        assert await till(key) == RECEIPT
        assert not key.replayed

    async def _refused(self, adapter: IdempotencyAdapter, error: Exception) -> Till:
        till = Till(adapter)
        till.answer = error
        with pytest.raises(type(error)) as raised:
            await till(a_key())
        assert raised.value is error
        assert await till.happened() == 0
        return till

    async def test_a_key_with_another_body_is_refused_whatever_the_first_answer_was(
        self, adapter: IdempotencyAdapter
    ) -> None:
        till = Till(adapter)
        await till(a_key("success"))
        await till(a_key("under_way"), finishes=False)
        till.answer = Conflict("test.refused", "No.")
        with pytest.raises(Conflict):
            await till(a_key("refusal"))
        for answer in (RECEIPT, till.answer):
            till.answer = answer
            for name in ("success", "under_way", "refusal"):
                with pytest.raises(Invalid) as refused:
                    await till(a_key(name, fingerprint="f2"))
                assert refused.value.code == "idempotency.key_reused"

    async def test_a_key_under_way_is_a_conflict_after_the_wait(self, adapter: IdempotencyAdapter) -> None:
        till = Till(adapter)
        await till(a_key(), finishes=False)
        with pytest.raises(Conflict) as refused:
            await till(a_key(), wait_seconds=0.1)
        assert refused.value.code == "idempotency.in_flight"
        assert refused.value.data["retry_after"] > 0
        assert await till.happened() == 1

    async def test_whoever_waits_gets_the_answer_when_it_is_there(self, adapter: IdempotencyAdapter) -> None:
        till = Till(adapter)
        await till(a_key(), finishes=False)
        key = a_key()
        waiting = asyncio.ensure_future(till(key, wait_seconds=5))
        await asyncio.sleep(0.06)
        assert not waiting.done()
        await finish(adapter, "order_1", Outcome.success(RECEIPT))
        assert await waiting == RECEIPT
        assert key.replayed

    async def test_of_many_at_once_one_does_it_and_all_get_its_answer(self, adapter: IdempotencyAdapter) -> None:
        till = Till(adapter)
        keys = [a_key() for _ in range(20)]
        answers = await asyncio.gather(*(till(key, wait_seconds=5) for key in keys))
        assert answers == [RECEIPT] * 20
        assert [key.replayed for key in keys].count(False) == 1
        assert await till.happened() == 1

    @pytest.mark.parametrize("key", ["", "k" * 256, "a\0b", "a\nb"], ids=["empty", "too_long", "nul", "line_break"])
    async def test_keys_that_can_not_be_kept_are_refused(self, adapter: IdempotencyAdapter, key: str) -> None:
        with pytest.raises(Invalid) as refused:
            await Till(adapter)(a_key(key))
        assert refused.value.code == "idempotency.key_invalid"


class IdempotencyContract(RecordsContract, RunOnceContract):
    """Bind it with a fixture `adapter` that gives an `IdempotencyAdapter`."""
