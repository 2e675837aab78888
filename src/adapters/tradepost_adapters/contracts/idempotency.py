"""What every adapter of `IdempotencyRecords` keeps to, and that `run_once` over it does a thing once."""

# ruff: noqa: S101 - a suite asserts

import asyncio

import pytest

from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, PreconditionFailed, TradepostError
from tradepost.kernel.idempotency import HasIdempotency, IdempotencyKey, Outcome, run_once
from tradepost.kernel.transactions import StaleVersion, Unavailable
from tradepost_adapters.contracts.idempotency_records import (
    NOW,
    RECEIPT,
    IdempotencyAdapter,
    Receipt,
    RecordsContract,
    a_record,
    find,
    finish,
)

__all__ = ["IdempotencyAdapter", "IdempotencyContract"]


def a_key(key: str = "k", *, fingerprint: str = "f1") -> IdempotencyKey:
    """A key as a caller sends it."""
    return IdempotencyKey(scope="user_1", key=key, fingerprint=fingerprint)


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
