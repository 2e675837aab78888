"""What every adapter of stock keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Protocol

import pytest

from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions
from tradepost.stock.level import DEFAULT_LOCATION, InsufficientStock, LevelChange, Reason
from tradepost.stock.location import Location, LocationTaken
from tradepost.stock.ports import LevelFilter, MovementFilter, StockTx, StockViews
from tradepost.stock.views import LevelView, LocationView, MovementView

EVERYTHING = MovementFilter()
NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


class StockAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[StockTx]: ...

    @property
    def stock_views(self) -> StockViews: ...


def reserve(sku: str, quantity: int = 1) -> LevelChange:
    return LevelChange(sku=sku, reserved=quantity)


async def apply(
    stock: StockAdapter,
    *changes: LevelChange,
    reason: Reason = Reason.RESERVED,
    reference: str = "order_1",
    at: datetime = NOW,
) -> None:
    async def work(tx: StockTx) -> None:
        await tx.stock.apply(changes, reason=reason, reference=reference, actor="test", at=at)

    await stock.transactions.run(work)


async def receive(stock: StockAdapter, *skus: str, quantity: int = 100, location: str = DEFAULT_LOCATION) -> None:
    async def work(tx: StockTx) -> None:
        await tx.stock.open(skus, location=location)
        changes = [LevelChange(sku=sku, on_hand=quantity, location=location) for sku in skus]
        await tx.stock.apply(changes, reason=Reason.RECEIVED, reference="delivery", actor="test", at=NOW)

    await stock.transactions.run(work)


async def add_location(stock: StockAdapter, code: str, name: str = "Somewhere") -> None:
    async def work(tx: StockTx) -> None:
        await tx.locations.add(Location(code=code, name=name))

    await stock.transactions.run(work)


async def columns(stock: StockAdapter, *skus: str) -> list[tuple[int, int]]:
    """(on hand, reserved) of each level of each SKU."""
    return [(level.on_hand, level.reserved) for sku in skus for level in await stock.stock_views.of_sku(sku)]


async def journal(stock: StockAdapter, wanted: MovementFilter = EVERYTHING) -> tuple[MovementView, ...]:
    """Oldest first."""
    return (await stock.stock_views.movements(wanted, PageRequest(limit=100, sort="id"))).items


class ApplyContract:
    """Bind it with a fixture `stock` that gives a `StockAdapter`."""

    async def test_what_is_reserved_is_released_or_fulfilled(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", quantity=10)
        await apply(stock, reserve("MUG", 6))
        assert await columns(stock, "MUG") == [(10, 6)]
        await apply(stock, reserve("MUG", -2), reason=Reason.RELEASED)
        assert await columns(stock, "MUG") == [(10, 4)]
        await apply(stock, LevelChange(sku="MUG", on_hand=-3, reserved=-3), reason=Reason.FULFILLED)
        assert await columns(stock, "MUG") == [(7, 1)]
        await apply(stock, LevelChange(sku="MUG", on_hand=1), reason=Reason.RETURNED)
        (level,) = await stock.stock_views.of_sku("MUG")
        assert level == LevelView(sku="MUG", location="main", on_hand=8, reserved=1, available=7, low_at=None)

    async def test_every_change_of_a_level_leaves_a_movement(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", "CUP", quantity=5)
        await apply(stock, reserve("MUG", 1), reserve("CUP", 1), reserve("MUG", 1), reference="order_7")
        ids = [movement.id for movement in await journal(stock)]
        assert ids == sorted(set(ids))
        moved = await journal(stock, MovementFilter(reference="order_7", sku="MUG"))
        assert moved == (
            MovementView(
                id=moved[0].id,
                sku="MUG",
                location="main",
                on_hand=0,
                reserved=2,
                reason=Reason.RESERVED,
                reference="order_7",
                actor="test",
                at=NOW,
            ),
        )
        sums = {(sku, on_hand, reserved) for sku in ("MUG", "CUP") for on_hand, reserved in await columns(stock, sku)}
        assert sums == {
            (sku, sum(each.on_hand for each in of), sum(each.reserved for each in of))
            for sku in ("MUG", "CUP")
            for of in [await journal(stock, MovementFilter(sku=sku))]
        }

    async def test_all_changes_happen_or_none_and_every_short_sku_is_named(self, stock: StockAdapter) -> None:
        await receive(stock, "A", "B", "C", quantity=5)
        await apply(stock, reserve("B", 3))
        with pytest.raises(InsufficientStock) as caught:
            await apply(stock, reserve("A", 5), reserve("B", 3), reserve("C", 6), reserve("NONE", 1))
        assert sorted(caught.value.data["lines"], key=lambda line: line["sku"]) == [
            {"sku": "B", "location": "main", "requested": 3, "available": 2},
            {"sku": "C", "location": "main", "requested": 6, "available": 5},
            {"sku": "NONE", "location": "main", "requested": 1, "available": 0},
        ]
        assert await columns(stock, "A", "B", "C") == [(5, 0), (5, 3), (5, 0)]
        assert [movement.reason for movement in await journal(stock, MovementFilter(sku="A"))] == [Reason.RECEIVED]

    async def test_lines_of_one_sku_are_added_up_before_they_are_judged(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", quantity=5)
        with pytest.raises(InsufficientStock) as caught:
            await apply(stock, reserve("MUG", 3), reserve("MUG", 3))
        assert caught.value.data["lines"][0]["requested"] == 6
        await apply(stock, reserve("MUG", 9), reserve("MUG", -4))
        assert await columns(stock, "MUG") == [(5, 5)]

    @pytest.mark.parametrize(
        "change",
        [
            LevelChange(sku="MUG", reserved=-3),  # more than is promised
            LevelChange(sku="MUG", on_hand=-4),  # what is promised
            LevelChange(sku="MUG", on_hand=-6, reserved=-2),  # more than is there
        ],
    )
    async def test_no_level_falls_below_what_is_promised_and_nothing_below_zero(
        self, stock: StockAdapter, change: LevelChange
    ) -> None:
        await receive(stock, "MUG", quantity=5)
        await apply(stock, reserve("MUG", 2))
        with pytest.raises(InsufficientStock):
            await apply(stock, change)
        assert await columns(stock, "MUG") == [(5, 2)]

    async def test_what_fails_later_leaves_no_change_and_no_movement(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", quantity=5)

        async def work(tx: StockTx) -> None:
            await tx.stock.apply([reserve("MUG")], reason=Reason.RESERVED, reference="x", actor="test", at=NOW)
            await tx.stock.open(["CUP"], location=DEFAULT_LOCATION)
            await tx.locations.add(Location(code="berlin", name="Berlin"))
            raise Invalid("test", "no")

        with pytest.raises(Invalid):
            await stock.transactions.run(work)
        assert await columns(stock, "MUG", "CUP") == [(5, 0)]
        assert await journal(stock, MovementFilter(reference="x")) == ()
        assert [each.code for each in (await stock.stock_views.locations(PageRequest())).items] == ["main"]

    async def test_of_fifty_buyers_of_one_unit_one_gets_it(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", quantity=1)
        outcomes = await asyncio.gather(
            *(apply(stock, reserve("MUG"), reference=f"order_{n}") for n in range(50)), return_exceptions=True
        )
        assert outcomes.count(None) == 1
        assert {type(outcome) for outcome in outcomes} == {type(None), InsufficientStock}
        assert await columns(stock, "MUG") == [(1, 1)]
        assert len(await journal(stock)) == 2

    async def test_buyers_of_the_same_skus_in_opposite_orders_do_not_wait_in_a_circle(
        self, stock: StockAdapter
    ) -> None:
        skus = [f"SKU-{n}" for n in range(12)]
        await receive(stock, *skus, quantity=1000)
        attempts = 0

        async def buy(order: Iterable[str]) -> None:
            async def work(tx: StockTx) -> None:
                nonlocal attempts
                attempts += 1
                changes = [reserve(sku) for sku in order]
                await tx.stock.apply(changes, reason=Reason.RESERVED, reference="order", actor="test", at=NOW)

            await stock.transactions.run(work)

        await asyncio.gather(*(buy(skus[:: 1 if n % 2 else -1]) for n in range(60)))
        assert attempts == 60, "a transaction was run again: it had been in a deadlock"
        assert set(await columns(stock, *skus)) == {(1000, 60)}

    async def test_ten_thousand_levels_change_at_once(self, stock: StockAdapter) -> None:
        skus = [f"SKU-{n:05}" for n in range(10_000)]
        started = perf_counter()
        await receive(stock, *skus, quantity=7)
        await apply(stock, *(reserve(sku, 3) for sku in reversed(skus)))
        took = perf_counter() - started
        print(f"10,000 levels opened, received and reserved: {took:.2f} s")  # noqa: T201
        assert took < 10
        assert await columns(stock, skus[0], skus[-1]) == [(7, 3), (7, 3)]
        page = await stock.stock_views.movements(MovementFilter(reason=Reason.RESERVED), PageRequest(page=1))
        assert page.total == 10_000


class StockContract(ApplyContract):
    """All of stock. Bind it with a fixture `stock` that gives a `StockAdapter`."""

    async def test_opening_says_what_was_not_there(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG")

        async def work(tx: StockTx) -> tuple[str, ...]:
            return await tx.stock.open(["MUG", "CUP", "ART", "CUP"], location=DEFAULT_LOCATION)

        assert await stock.transactions.run(work) == ("ART", "CUP")
        assert await stock.transactions.run(work) == ()
        assert await columns(stock, "ART", "CUP", "MUG") == [(0, 0), (0, 0), (100, 0)]

    async def test_held_levels_come_in_order_of_sku(self, stock: StockAdapter) -> None:
        await receive(stock, "CUP", "MUG", "ART")
        await add_location(stock, "berlin")
        await receive(stock, "MUG", location="berlin")

        async def work(tx: StockTx) -> tuple[LevelView, ...]:
            return await tx.stock.hold(["MUG", "CUP", "NONE"], location=DEFAULT_LOCATION)

        held = await stock.transactions.run(work)
        assert [(level.sku, level.location) for level in held] == [("CUP", "main"), ("MUG", "main")]

    async def test_what_is_held_is_changed_by_nobody_else(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", quantity=0)

        async def count_one_more(tx: StockTx) -> None:
            (level,) = await tx.stock.hold(["MUG"], location=DEFAULT_LOCATION)
            change = LevelChange(sku="MUG", on_hand=(level.on_hand + 1) - level.on_hand)
            await tx.stock.apply([change], reason=Reason.COUNTED, reference=str(level.on_hand), actor="test", at=NOW)

        await asyncio.gather(*(stock.transactions.run(count_one_more) for _ in range(20)))
        counted = await journal(stock, MovementFilter(reason=Reason.COUNTED))
        assert sorted(int(movement.reference) for movement in counted) == list(range(20))

    async def test_each_location_has_its_own_levels(self, stock: StockAdapter) -> None:
        await add_location(stock, "berlin", "Berlin")
        await receive(stock, "MUG", quantity=5)
        await receive(stock, "MUG", quantity=7, location="berlin")
        with pytest.raises(InsufficientStock):
            await apply(stock, reserve("MUG", 6))
        await apply(stock, LevelChange(sku="MUG", reserved=6, location="berlin"))
        levels = await stock.stock_views.of_sku("MUG", "NONE")
        assert [(level.location, level.available) for level in levels] == [("berlin", 1), ("main", 5)]

    async def test_a_location_is_found_by_its_code_which_is_given_once(self, stock: StockAdapter) -> None:
        results = await asyncio.gather(
            *(add_location(stock, "berlin", "Berlin") for _ in range(4)), return_exceptions=True
        )
        assert [type(error) for error in results if error is not None] == [LocationTaken] * 3

        async def get(tx: StockTx) -> tuple[Location, Location]:
            return await tx.locations.get("berlin"), await tx.locations.get(DEFAULT_LOCATION)

        assert [location.name for location in await stock.transactions.run(get)] == ["Berlin", "Main"]

        async def get_none(tx: StockTx) -> None:
            await tx.locations.get("nowhere")

        with pytest.raises(NotFound):
            await stock.transactions.run(get_none)
        page = await stock.stock_views.locations(PageRequest(sort="-name"))
        assert page.items == (LocationView(code="main", name="Main"), LocationView(code="berlin", name="Berlin"))

    async def test_levels_are_listed_by_sku_location_and_whether_they_are_low(self, stock: StockAdapter) -> None:
        await add_location(stock, "berlin")
        await receive(stock, "A", "B", "C", quantity=10)
        await receive(stock, "A", quantity=3, location="berlin")
        await apply(stock, reserve("B", 8))

        async def thresholds(tx: StockTx) -> None:
            await tx.stock.set_low_at("A", 3, location="berlin")
            await tx.stock.set_low_at("A", 9, location="main")
            await tx.stock.set_low_at("B", 2, location="main")
            await tx.stock.set_low_at("C", 100, location="main")
            await tx.stock.set_low_at("C", None, location="main")

        await stock.transactions.run(thresholds)

        async def listed(sort: str = "sku", **wanted: object) -> list[tuple[str, str]]:
            page = await stock.stock_views.levels(LevelFilter(**wanted), PageRequest(sort=sort))  # type: ignore[arg-type]
            return [(level.sku, level.location) for level in page.items]

        assert await listed() == [("A", "berlin"), ("A", "main"), ("B", "main"), ("C", "main")]
        assert await listed(low=True, sort="available") == [("B", "main"), ("A", "berlin")]
        assert await listed(low=False) == [("A", "main"), ("C", "main")]
        assert await listed(location="berlin") == [("A", "berlin")]
        assert await listed(sku="A", sort="-location") == [("A", "main"), ("A", "berlin")]

    async def test_levels_are_listed_page_by_page_in_every_order(self, stock: StockAdapter) -> None:
        await add_location(stock, "berlin")
        for location in ("main", "berlin"):
            await receive(stock, *(f"SKU-{n}" for n in range(5)), location=location)
        for sort in ("sku", "-sku", "location", "-available"):
            seen: list[LevelView] = []
            cursor = None
            while True:
                page = await stock.stock_views.levels(LevelFilter(), PageRequest(limit=3, cursor=cursor, sort=sort))
                seen += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert len(seen) == 10
            assert len({(level.sku, level.location) for level in seen}) == 10
        numbered = await stock.stock_views.levels(LevelFilter(location="main"), PageRequest(limit=3, page=2))
        assert ([level.sku for level in numbered.items], numbered.total) == (["SKU-3", "SKU-4"], 5)

    async def test_movements_are_found_by_what_they_say_and_listed_latest_first(self, stock: StockAdapter) -> None:
        await receive(stock, "MUG", "CUP")
        for n in range(1, 5):
            await apply(stock, reserve("MUG"), reference=f"order_{n}", at=NOW + timedelta(hours=n))
        await apply(stock, reserve("MUG", -1), reason=Reason.RELEASED, reference="order_2", at=NOW + timedelta(hours=5))

        async def found(**wanted: object) -> list[tuple[str, str]]:
            page = await stock.stock_views.movements(MovementFilter(**wanted), PageRequest())  # type: ignore[arg-type]
            return [(movement.reference, movement.reason) for movement in page.items]

        assert await found(reference="order_2") == [("order_2", "released"), ("order_2", "reserved")]
        assert await found(sku="CUP") == [("delivery", "received")]
        assert await found(reason=Reason.RELEASED) == [("order_2", "released")]
        assert await found(location="berlin") == []
        between = {"at_from": NOW + timedelta(hours=3), "at_before": NOW + timedelta(hours=5)}
        assert await found(**between) == [("order_4", "reserved"), ("order_3", "reserved")]
        first = await stock.stock_views.movements(MovementFilter(sku="MUG"), PageRequest(limit=4))
        rest = await stock.stock_views.movements(
            MovementFilter(sku="MUG"), PageRequest(limit=4, cursor=first.next_cursor)
        )
        ids = [movement.id for movement in (*first.items, *rest.items)]
        assert len(ids) == 6
        assert ids == sorted(ids, reverse=True)
        assert rest.next_cursor is None
