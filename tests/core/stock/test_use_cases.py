"""Keeping stock, over the memory adapters."""

import pytest

from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Invalid, Kind, NotFound, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import TypeIds
from tradepost.stock import (
    AdjustmentReason,
    AdjustmentView,
    AdjustStock,
    AdjustStockCommand,
    CreateLocation,
    CreateLocationCommand,
    GetAvailability,
    GetAvailabilityQuery,
    InsufficientStock,
    LevelChange,
    LevelFilter,
    ListLevels,
    ListLevelsQuery,
    ListLocations,
    ListLocationsQuery,
    ListMovements,
    ListMovementsQuery,
    LocationTaken,
    LocationView,
    MovementFilter,
    MovementView,
    Reason,
    SetLowStock,
    SetLowStockCommand,
    StockLine,
    TransferStock,
    TransferStockCommand,
)
from tradepost.stock.lines import MAX_LINES
from tradepost.stock.ports import StockTx
from tradepost_adapters.memory.backend import MemoryBackend

MANAGER = Actor(id="user_m", role=Role.MANAGER)
CLERK = Actor(id="user_s", role=Role.SUPPORT)


class Storeroom:
    """Every use case of stock over one memory database."""

    def __init__(self) -> None:
        backend, ids, self.clock = MemoryBackend(), TypeIds(), ManualClock()
        self.transactions, self.views = backend.transactions, backend.stock_views
        self.adjust_stock = AdjustStock(self.transactions, self.clock, ids)
        self.transfer = TransferStock(self.transactions, self.clock, ids)
        self.set_low = SetLowStock(self.transactions)
        self.create_location = CreateLocation(self.transactions, self.clock)
        self.locations = ListLocations(self.views)
        self.levels = ListLevels(self.views)
        self.list_movements = ListMovements(self.views)
        self.availability = GetAvailability(self.views)

    async def adjust(self, reason: str, *lines: tuple[str, int], **more: object) -> AdjustmentView:
        command = AdjustStockCommand(
            actor=MANAGER,
            reason=AdjustmentReason(reason),
            lines=tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in lines),
            **more,  # type: ignore[arg-type]
        )
        return await self.adjust_stock(command)

    async def reserve(self, sku: str, quantity: int) -> None:
        async def work(tx: StockTx) -> None:
            change = LevelChange(sku=sku, reserved=quantity)
            await tx.stock.apply([change], reason=Reason.RESERVED, reference="order", actor="b", at=self.clock.now())

        await self.transactions.run(work)

    async def level(self, sku: str, location: str = "main") -> tuple[int, int]:
        levels = await self.views.of_sku(sku)
        return next((level.on_hand, level.reserved) for level in levels if level.location == location)

    async def movements(self, **wanted: object) -> tuple[MovementView, ...]:
        query = ListMovementsQuery(actor=CLERK, wanted=MovementFilter(**wanted))  # type: ignore[arg-type]
        return (await self.list_movements(query)).items


@pytest.fixture
def room() -> Storeroom:
    return Storeroom()


async def test_goods_arrive_break_are_counted_and_corrected(room: Storeroom) -> None:
    view = await room.adjust("received", ("MUG", 10), ("CUP", 5), ("MUG", 2), reference="delivery 1")
    assert view.opened == ("CUP", "MUG")
    assert [(level.sku, level.on_hand, level.available) for level in view.levels] == [("CUP", 5, 5), ("MUG", 12, 12)]
    await room.adjust("damaged", ("MUG", 2))
    assert await room.level("MUG") == (10, 0)
    await room.adjust("counted", ("MUG", 7), ("CUP", 5), reference="stock take")
    assert await room.level("MUG") == (7, 0)
    view = await room.adjust("corrected", ("MUG", 1), ("CUP", -5))
    assert (view.opened, view.reason) == ((), Reason.CORRECTED)
    assert (await room.level("MUG"), await room.level("CUP")) == ((8, 0), (0, 0))


async def test_an_adjustment_leaves_movements_with_reason_reference_and_who(room: Storeroom) -> None:
    await room.adjust("received", ("MUG", 10), ("CUP", 5), reference="delivery 1")
    (movement,) = await room.movements(sku="MUG")
    assert (movement.on_hand, movement.reserved, movement.reason) == (10, 0, Reason.RECEIVED)
    assert (movement.reference, movement.actor, movement.at) == ("delivery 1", "user_m", room.clock.now())
    view = await room.adjust("counted", ("MUG", 9), ("CUP", 5))
    assert view.reference.startswith("adj_")
    (movement,) = await room.movements(reference=view.reference)
    assert (movement.sku, movement.on_hand) == ("MUG", -1), "a count that agrees changes nothing"


async def test_an_adjustment_is_made_once_for_each_key(room: Storeroom) -> None:
    def key() -> IdempotencyKey:
        return IdempotencyKey(scope="user_m", key="k", fingerprint="f")

    first = await room.adjust("received", ("MUG", 10), idempotency=key())
    again = await room.adjust("received", ("MUG", 10), idempotency=key())
    assert first == again
    assert await room.level("MUG") == (10, 0)


async def test_every_fault_of_an_adjustment_is_named_and_nothing_is_adjusted(room: Storeroom) -> None:
    lines = [("MUG", 1), (" MUG", 1), ("", 1), ("CUP", 0), ("CUP", 2_000_000_000)]
    with pytest.raises(Invalid) as caught:
        await room.adjust("received", *lines, reference="a\nb")
    assert caught.value.code == "stock.adjustment_invalid"
    pointers = ["/lines/1/sku", "/lines/2/sku", "/lines/3/quantity", "/lines/4/quantity", "/reference"]
    assert [fault.pointer for fault in caught.value.faults] == pointers
    with pytest.raises(Invalid, match="adjustment_invalid"):
        await room.adjust("received")
    with pytest.raises(Invalid, match="adjustment_invalid"):
        await room.adjust("received", *[("MUG", 1)] * (MAX_LINES + 1))
    with pytest.raises(Invalid) as caught:
        await room.adjust("counted", ("MUG", 1), ("MUG", 2), ("CUP", -1))
    assert [fault.pointer for fault in caught.value.faults] == ["/lines/2/quantity", "/lines/1/sku"]
    with pytest.raises(Invalid, match="adjustment_invalid"):
        await room.adjust("corrected", ("MUG", 0))
    assert await room.views.of_sku("MUG", "CUP") == ()


async def test_what_was_never_stocked_is_neither_damaged_nor_corrected(room: Storeroom) -> None:
    await room.adjust("received", ("MUG", 10))
    for reason in ("damaged", "corrected"):
        with pytest.raises(Invalid) as caught:
            await room.adjust(reason, ("MUG", 1), ("MGU", 1), ("CPU", 1))
        assert caught.value.code == "stock.not_stocked"
        assert [fault.pointer for fault in caught.value.faults] == ["/lines/1/sku", "/lines/2/sku"]
    assert await room.level("MUG") == (10, 0)


@pytest.mark.parametrize(("reason", "quantity"), [("damaged", 7), ("counted", 3), ("corrected", -7)])
async def test_no_adjustment_takes_what_is_promised_to_orders(room: Storeroom, reason: str, quantity: int) -> None:
    await room.adjust("received", ("MUG", 10), ("CUP", 10), ("POT", 10))
    await room.reserve("MUG", 4)
    await room.reserve("POT", 4)
    with pytest.raises(TradepostError) as caught:
        await room.adjust(reason, ("CUP", quantity), ("MUG", quantity), ("POT", quantity))
    assert (caught.value.kind, caught.value.code) == (Kind.CONFLICT, "stock.insufficient")
    assert caught.value.data["lines"] == [
        {"sku": sku, "location": "main", "requested": 7, "available": 6} for sku in ("MUG", "POT")
    ]
    assert [fault.pointer for fault in caught.value.faults] == ["/lines/1/quantity", "/lines/2/quantity"]
    assert "10 of MUG lie there, 4 of them promised; 7 can not be taken away" in caught.value.faults[0].detail
    assert await room.level("CUP") == (10, 0)


async def test_goods_move_between_locations_but_not_what_is_promised(room: Storeroom) -> None:
    await room.create_location(CreateLocationCommand(actor=MANAGER, code="berlin", name="Berlin"))
    await room.adjust("received", ("MUG", 10), ("CUP", 1))
    await room.reserve("MUG", 4)

    def move(*lines: tuple[str, int], source: str = "main", destination: str = "berlin") -> TransferStockCommand:
        wanted = tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in lines)
        return TransferStockCommand(actor=MANAGER, source=source, destination=destination, lines=wanted)

    view = await room.transfer(move(("MUG", 2), ("MUG", 1)))
    assert [(level.location, level.on_hand) for level in view.levels] == [("main", 7), ("berlin", 3)]
    moved = await room.movements(reference=view.reference)
    assert {(each.location, each.on_hand, each.reason) for each in moved} == {
        ("main", -3, Reason.TRANSFERRED),
        ("berlin", 3, Reason.TRANSFERRED),
    }
    with pytest.raises(InsufficientStock) as caught:
        await room.transfer(move(("MUG", 4), ("CUP", 2)))
    assert [line["sku"] for line in caught.value.data["lines"]] == ["CUP", "MUG"]
    with pytest.raises(Invalid, match="transfer_invalid"):
        await room.transfer(move(("MUG", 1), destination="main"))
    with pytest.raises(NotFound, match="nowhere"):
        await room.transfer(move(("MUG", 1), destination="nowhere"))
    (asked,) = await room.availability(GetAvailabilityQuery(actor=CLERK, skus=("MUG",)))
    assert (asked.sellable, asked.available, asked.on_hand, asked.reserved) == (3, 6, 10, 4)


async def test_a_location_has_a_code_of_its_own_and_main_is_there_from_the_start(room: Storeroom) -> None:
    create = CreateLocationCommand(actor=MANAGER, code="berlin", name="Berlin")
    assert await room.create_location(create) == LocationView(code="berlin", name="Berlin")
    for taken in (create, CreateLocationCommand(actor=MANAGER, code="main", name="Main")):
        with pytest.raises(LocationTaken):
            await room.create_location(taken)
    with pytest.raises(Invalid) as caught:
        await room.create_location(CreateLocationCommand(actor=MANAGER, code="Ber/lin", name=" "))
    assert [fault.pointer for fault in caught.value.faults] == ["/code", "/name"]
    page = await room.locations(ListLocationsQuery(actor=CLERK))
    assert [location.code for location in page.items] == ["berlin", "main"]
    with pytest.raises(NotFound):
        await room.adjust("received", ("MUG", 1), location="nowhere")


async def test_what_runs_low_is_listed(room: Storeroom) -> None:
    await room.adjust("received", ("MUG", 10), ("CUP", 10))
    await room.set_low(SetLowStockCommand(actor=MANAGER, sku="MUG", low_at=3))
    await room.set_low(SetLowStockCommand(actor=MANAGER, sku="POT", low_at=0))

    async def low() -> list[str]:
        page = await room.levels(ListLevelsQuery(actor=CLERK, wanted=LevelFilter(low=True)))
        return [level.sku for level in page.items]

    assert await low() == ["POT"], "it has yet to arrive"
    await room.reserve("MUG", 7)
    assert await low() == ["MUG", "POT"]
    view = await room.set_low(SetLowStockCommand(actor=MANAGER, sku="MUG", low_at=None))
    assert (view.low_at, view.available) == (None, 3)
    assert await low() == ["POT"]
    with pytest.raises(Invalid) as caught:
        await room.set_low(SetLowStockCommand(actor=MANAGER, sku="", low_at=-1))
    assert [fault.pointer for fault in caught.value.faults] == ["/sku", "/low_at"]


async def test_availability_answers_for_every_sku_asked_for(room: Storeroom) -> None:
    await room.adjust("received", ("MUG", 10))
    asked = await room.availability(GetAvailabilityQuery(actor=CLERK, skus=("NONE", "MUG", "NONE")))
    assert [(each.sku, each.sellable, len(each.levels)) for each in asked] == [("NONE", 0, 0), ("MUG", 10, 1)]
    for skus in ((), tuple(f"SKU-{n}" for n in range(101))):
        with pytest.raises(Invalid, match="query_invalid"):
            await room.availability(GetAvailabilityQuery(actor=CLERK, skus=skus))


async def test_who_may_look_may_not_change(room: Storeroom) -> None:
    line = (StockLine(sku="MUG", quantity=1),)
    for actor, kind in ((CLERK, Kind.FORBIDDEN), (GUEST, Kind.UNAUTHENTICATED)):
        for changing in (
            room.adjust_stock(AdjustStockCommand(actor=actor, reason=AdjustmentReason.RECEIVED, lines=line)),
            room.transfer(TransferStockCommand(actor=actor, source="main", destination="main", lines=line)),
            room.set_low(SetLowStockCommand(actor=actor, sku="MUG", low_at=1)),
            room.create_location(CreateLocationCommand(actor=actor, code="berlin", name="Berlin")),
        ):
            with pytest.raises(TradepostError) as caught:
                await changing
            assert caught.value.kind is kind
    for looking in (
        room.levels(ListLevelsQuery(actor=GUEST)),
        room.list_movements(ListMovementsQuery(actor=GUEST)),
        room.locations(ListLocationsQuery(actor=GUEST)),
        room.availability(GetAvailabilityQuery(actor=GUEST, skus=("MUG",))),
    ):
        with pytest.raises(TradepostError, match="auth"):
            await looking


async def test_a_refused_adjustment_is_refused_again_under_its_key(room: Storeroom) -> None:
    await room.adjust("received", ("MUG", 1))
    for replayed in (False, True):
        key = IdempotencyKey(scope="user_m", key="k", fingerprint="f")
        with pytest.raises(TradepostError, match="can not be taken away at main") as caught:
            await room.adjust("damaged", ("MUG", 2), idempotency=key)
        assert caught.value.replayed is replayed
        assert (caught.value.kind, caught.value.code) == (Kind.CONFLICT, "stock.insufficient")
        await room.adjust("received", ("MUG", 5))
