"""What every adapter of carts keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from tradepost.carts.cart import Cart, CartLine, CartStatus
from tradepost.carts.policy import CartPolicy
from tradepost.carts.ports import HasCarts
from tradepost.carts.purge_carts import PurgeCarts
from tradepost.carts.report_abandoned_carts import ReportAbandonedCarts
from tradepost.kernel.addresses import Contact
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion, Transactions

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MUG = CartLine(sku="MUG", name="Mug", quantity=2, unit_price=Money(500, "EUR"))
CUP = CartLine(sku="CUP", name="Cup", quantity=1, unit_price=Money(300, "EUR"))
POLICY = CartPolicy(abandoned_after=DAY, guests_kept=90 * DAY)
_ids = TypeIds()


class CartsAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[HasCarts]: ...


def a_cart(*, at: datetime = NOW, lines: Sequence[CartLine] = (MUG,), **more: Any) -> Cart:
    return Cart(id=_ids.new("cart"), currency="EUR", created_at=at, updated_at=at, lines=tuple(lines), **more)


class CartsContract:
    """Bind it with a fixture `adapter` that gives a `CartsAdapter`."""

    async def test_a_cart_comes_back_as_it_was_written(self, adapter: CartsAdapter) -> None:
        whole = a_cart(
            lines=(MUG, CUP),
            customer_id="cus_1",
            contact=Contact(email="Ada@example.com"),
            shipping_method="parcel",
            abandoned_at=NOW + DAY,
            metadata={"campaign": "spring"},
        )
        bare = a_cart(lines=())
        await _add(adapter, whole, bare)
        assert _plain(await _get(adapter, whole.id)) == _plain(whole)
        assert _plain(await _get(adapter, bare.id)) == _plain(bare)

    async def test_of_two_who_change_a_cart_at_once_the_second_is_told(self, adapter: CartsAdapter) -> None:
        cart = a_cart()
        await _add(adapter, cart)
        first, second = await _get(adapter, cart.id), await _get(adapter, cart.id)
        first.put(CUP, at=NOW)
        await _save(adapter, first)
        second.remove("MUG", at=NOW)
        with pytest.raises(StaleVersion):
            await _save(adapter, second)
        assert [line.sku for line in (await _get(adapter, cart.id)).lines] == ["MUG", "CUP"]

    async def test_a_customers_open_cart_is_their_latest(self, adapter: CartsAdapter) -> None:
        ordered = a_cart(customer_id="cus_1", status=CartStatus.ORDERED, order_id="order_1")
        older, latest = a_cart(customer_id="cus_1"), a_cart(customer_id="cus_1")
        await _add(adapter, older, latest, ordered, a_cart(customer_id="cus_2"), a_cart())

        async def work(tx: HasCarts) -> Cart | None:
            return await tx.carts.open_of("cus_1")

        found = await adapter.transactions.run(work)
        assert found is not None
        assert found.id == latest.id

    async def test_idle_carts_are_those_with_something_in_them_that_nobody_was_told_of(
        self, adapter: CartsAdapter
    ) -> None:
        at = NOW - DAY
        later, longest = a_cart(at=at), a_cart(at=at - HOUR, customer_id="cus_1")
        await _add(
            adapter,
            later,
            longest,
            a_cart(at=at + timedelta(microseconds=1)),
            a_cart(at=at, lines=()),
            a_cart(at=at, abandoned_at=at),
            a_cart(at=at, status=CartStatus.ORDERED, order_id="order_1"),
            a_cart(at=at, status=CartStatus.MERGED),
        )
        assert await _idle(adapter, at) == (longest.id, later.id)
        assert await _idle(adapter, at, 1) == (longest.id,)

    async def test_a_cart_is_told_of_once_for_as_long_as_nobody_touches_it(self, adapter: CartsAdapter) -> None:
        clock = ManualClock(NOW)
        report = ReportAbandonedCarts(adapter.transactions, clock, POLICY)
        cart = a_cart(customer_id="cus_1")
        await _add(adapter, cart, *(a_cart() for _ in range(120)))
        clock.advance(DAY - timedelta(microseconds=1))
        assert await report() == 0
        clock.advance(timedelta(microseconds=1))
        assert await report() == 121
        assert await report() == 0
        clock.advance(30 * DAY)
        assert await report() == 0
        touched = await _get(adapter, cart.id)
        assert touched.abandoned_at == NOW + DAY
        assert touched.updated_at == NOW
        touched.put(CUP, at=clock.now())
        await _save(adapter, touched)
        assert await report() == 0
        clock.advance(DAY)
        assert await report() == 1

    async def test_five_who_report_at_once_tell_of_each_cart_once(self, adapter: CartsAdapter) -> None:
        report = ReportAbandonedCarts(adapter.transactions, ManualClock(NOW + DAY), POLICY)
        await _add(adapter, *(a_cart() for _ in range(130)))
        assert sum(await asyncio.gather(*(report() for _ in range(5)))) == 130

    async def test_whoever_comes_back_while_their_cart_is_reported_loses_nothing(self, adapter: CartsAdapter) -> None:
        cart = a_cart()
        await _add(adapter, cart)
        report = ReportAbandonedCarts(adapter.transactions, ManualClock(NOW + DAY), POLICY)

        async def come_back(tx: HasCarts) -> None:
            found = await tx.carts.get(cart.id)
            found.put(CUP, at=NOW + DAY)
            await tx.carts.save(found)

        await asyncio.gather(report(), adapter.transactions.run(come_back))
        after = await _get(adapter, cart.id)
        assert [line.sku for line in after.lines] == ["MUG", "CUP"]
        assert await report() == 0

    async def test_carts_of_guests_are_forgotten_and_those_of_customers_and_orders_stay(
        self, adapter: CartsAdapter
    ) -> None:
        old = NOW - 90 * DAY
        before = old - timedelta(microseconds=1)
        gone = [
            a_cart(at=before, contact=Contact(email="guest@example.com")),
            a_cart(at=before, lines=(), abandoned_at=before),
            a_cart(at=before, status=CartStatus.MERGED),
        ]
        kept = [
            a_cart(at=old),
            a_cart(at=before, customer_id="cus_1"),
            a_cart(at=before, status=CartStatus.ORDERED, order_id="order_1", contact=Contact(email="a@example.com")),
        ]
        await _add(adapter, *gone, *kept)
        purge = PurgeCarts(adapter.transactions, ManualClock(NOW), POLICY)
        assert await purge() == len(gone)
        assert await purge() == 0
        for cart in gone:
            with pytest.raises(NotFound):
                await _get(adapter, cart.id)
        for cart in kept:
            assert _plain(await _get(adapter, cart.id)) == _plain(cart)

    async def test_at_most_so_many_are_forgotten_at_once(self, adapter: CartsAdapter) -> None:
        await _add(adapter, *(a_cart(at=NOW - DAY) for _ in range(5)))

        async def forget(tx: HasCarts) -> int:
            return await tx.carts.forget_guests(NOW, 3)

        assert [await adapter.transactions.run(forget) for _ in range(3)] == [3, 2, 0]


def _plain(cart: Cart) -> dict[str, Any]:
    return {name: getattr(cart, name) for name in cart.__struct_fields__}


async def _add(adapter: CartsAdapter, *carts: Cart) -> None:
    async def work(tx: HasCarts) -> None:
        for cart in carts:
            await tx.carts.add(cart)

    await adapter.transactions.run(work)


async def _save(adapter: CartsAdapter, cart: Cart) -> None:
    async def work(tx: HasCarts) -> None:
        await tx.carts.save(cart)

    await adapter.transactions.run(work)


async def _get(adapter: CartsAdapter, cart_id: str) -> Cart:
    async def work(tx: HasCarts) -> Cart:
        return await tx.carts.get(cart_id)

    return await adapter.transactions.run(work)


async def _idle(adapter: CartsAdapter, since: datetime, limit: int = 10) -> tuple[str, ...]:
    async def work(tx: HasCarts) -> tuple[str, ...]:
        return await tx.carts.idle(since, limit)

    return await adapter.transactions.run(work)
