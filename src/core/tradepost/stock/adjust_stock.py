"""Write down that goods arrived, broke, were counted, or were written down wrongly."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Fault, Invalid, Kind, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.stock.level import DEFAULT_LOCATION, MAX_QUANTITY, LevelChange, Reason, Shortage
from tradepost.stock.lines import StockLine, check_lines
from tradepost.stock.ports import StockTx
from tradepost.stock.views import AdjustmentView, LevelView


class AdjustmentReason(StrEnum):
    """Why a person changes a level, and what the quantities mean then."""

    RECEIVED = Reason.RECEIVED.value  # so many arrived
    DAMAGED = Reason.DAMAGED.value  # so many are lost
    COUNTED = Reason.COUNTED.value  # so many are there
    CORRECTED = Reason.CORRECTED.value  # the difference, up or down


_LEAST = {
    AdjustmentReason.RECEIVED: 1,
    AdjustmentReason.DAMAGED: 1,
    AdjustmentReason.COUNTED: 0,
    AdjustmentReason.CORRECTED: -MAX_QUANTITY,
}
_OPENING = frozenset({AdjustmentReason.RECEIVED, AdjustmentReason.COUNTED})


class AdjustStockCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at one location. `reference` is a delivery note, a stock take, a ticket; made up when there is none."""

    actor: Actor
    reason: AdjustmentReason
    lines: tuple[StockLine, ...]
    location: str = DEFAULT_LOCATION
    reference: str | None = None
    idempotency: IdempotencyKey | None = None


class AdjustStock:
    """Changes all levels, or none.

    The catalog need not know a SKU: goods may arrive before their product is described. Receiving and counting make the
    level where there is none, and the answer names it in `opened`.

    Raises `stock.adjustment_invalid` and `stock.not_stocked` with every fault, `location.not_found`, and
    `stock.insufficient` naming every SKU of which less would lie there than is promised to orders.
    """

    access = staff(Permission.STOCK_WRITE)

    def __init__(self, transactions: Transactions[StockTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: AdjustStockCommand) -> AdjustmentView:
        self.access.check(command.actor)
        _check_form(command)
        now = self._clock.now()
        adjustment_id = self._ids.new("adj")
        reference = command.reference or adjustment_id
        skus = sorted({line.sku for line in command.lines})
        reason = Reason(command.reason.value)

        async def work(tx: StockTx) -> AdjustmentView:
            await tx.locations.get(command.location)
            opened: tuple[str, ...] = ()
            if command.reason in _OPENING:
                opened = await tx.stock.open(skus, location=command.location)
            levels = {level.sku: level for level in await tx.stock.hold(skus, location=command.location)}
            _check_stocked(command, levels)
            changes = _differences(command, levels)
            after = tuple(_after(levels[sku], difference) for sku, difference in changes.items())
            _check_promises(command, changes, after)
            await tx.stock.apply(
                [
                    LevelChange(sku=sku, location=command.location, on_hand=difference)
                    for sku, difference in changes.items()
                    if difference
                ],
                reason=reason,
                reference=reference,
                actor=command.actor.id,
                at=now,
            )
            return AdjustmentView(
                reference=reference, reason=reason, location=command.location, at=now, levels=after, opened=opened
            )

        return await run_once(
            self._transactions, command.idempotency, work, AdjustmentView, resource_id=adjustment_id, at=now
        )


def _check_form(command: AdjustStockCommand) -> None:
    faults = check_lines(command.lines, command.reference, least=_LEAST[command.reason])
    if command.reason is AdjustmentReason.CORRECTED:
        faults += [
            Fault(f"/lines/{place}/quantity", "a correction of 0 changes nothing; leave it out")
            for place, line in enumerate(command.lines)
            if line.quantity == 0
        ]
    if command.reason is AdjustmentReason.COUNTED:
        seen: set[str] = set()
        for place, line in enumerate(command.lines):
            if line.sku in seen:
                faults.append(Fault(f"/lines/{place}/sku", f"{line.sku} is counted twice; which figure holds?"))
            seen.add(line.sku)
    if faults:
        raise Invalid("stock.adjustment_invalid", "Nothing was adjusted: see errors.", *faults)


def _check_stocked(command: AdjustStockCommand, levels: Mapping[str, LevelView]) -> None:
    faults = [
        Fault(f"/lines/{place}/sku", f"{line.sku} was never stocked at {command.location}; receive or count it first")
        for place, line in enumerate(command.lines)
        if line.sku not in levels
    ]
    if faults:
        raise Invalid("stock.not_stocked", "Nothing was adjusted: see errors.", *faults)


def _differences(command: AdjustStockCommand, levels: Mapping[str, LevelView]) -> dict[str, int]:
    """By how much `on_hand` of each level changes, in order of SKU."""
    changes = dict.fromkeys(levels, 0)
    for line in command.lines:
        if command.reason is AdjustmentReason.COUNTED:
            changes[line.sku] = line.quantity - levels[line.sku].on_hand
        else:
            changes[line.sku] += -line.quantity if command.reason is AdjustmentReason.DAMAGED else line.quantity
    return changes


def _after(level: LevelView, difference: int) -> LevelView:
    return msgspec.structs.replace(level, on_hand=level.on_hand + difference, available=level.available + difference)


def _check_promises(command: AdjustStockCommand, changes: Mapping[str, int], after: Sequence[LevelView]) -> None:
    short = {level.sku: level for level in after if level.available < 0}
    if not short:
        return
    places = {line.sku: place for place, line in reversed([*enumerate(command.lines)])}
    shortages = [
        Shortage(
            sku=sku,
            location=command.location,
            requested=-changes[sku],
            available=level.available - changes[sku],
        )
        for sku, level in short.items()
    ]
    raise TradepostError(
        Kind.CONFLICT,
        "stock.insufficient",
        f"Nothing was adjusted: so much of {', '.join(short)} can not be taken away at {command.location}, where what is "
        "promised to orders stays. See errors.",
        {"lines": [msgspec.to_builtins(shortage) for shortage in shortages]},
        faults=tuple(
            Fault(
                f"/lines/{places[sku]}/quantity",
                f"{level.on_hand - changes[sku]} of {sku} lie there, {level.reserved} of them promised; "
                f"{-changes[sku]} can not be taken away",
                "insufficient",
            )
            for sku, level in sorted(short.items(), key=lambda each: places[each[0]])
        ),
    )
