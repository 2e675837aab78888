"""The part of the contract of `IdempotencyRecords` that is about the records themselves."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import pytest

from tradepost.kernel.errors import Kind, NotFound
from tradepost.kernel.idempotency import (
    HasIdempotency,
    IdempotencyRecord,
    KeyTaken,
    Outcome,
    Refusal,
    replay,
)
from tradepost.kernel.transactions import TransactionMisuse, Transactions

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


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
