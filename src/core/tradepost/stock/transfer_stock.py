"""Move goods from one location to another."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.stock.level import LevelChange, Reason
from tradepost.stock.lines import StockLine, check_lines
from tradepost.stock.ports import StockTx
from tradepost.stock.views import TransferView


class TransferStockCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What moves from `source` to `destination`. `reference` is made up when there is none."""

    actor: Actor
    source: str
    destination: str
    lines: tuple[StockLine, ...]
    reference: str | None = None
    idempotency: IdempotencyKey | None = None


class TransferStock:
    """Everything moves, or nothing; what is promised to orders stays where it is.

    Raises `stock.transfer_invalid` with every fault, `location.not_found`, and `stock.insufficient` naming every SKU.
    """

    access = staff(Permission.STOCK_WRITE)

    def __init__(self, transactions: Transactions[StockTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: TransferStockCommand) -> TransferView:
        self.access.check(command.actor)
        faults = check_lines(command.lines, command.reference, least=1)
        if command.source == command.destination:
            faults.append(Fault("/destination", "is where the goods are already"))
        if faults:
            raise Invalid("stock.transfer_invalid", "Nothing was transferred: see errors.", *faults)
        now = self._clock.now()
        transfer_id = self._ids.new("transfer")
        reference = command.reference or transfer_id
        skus = sorted({line.sku for line in command.lines})

        async def work(tx: StockTx) -> TransferView:
            for code in (command.source, command.destination):
                await tx.locations.get(code)
            await tx.stock.open(skus, location=command.destination)
            await tx.stock.apply(
                [
                    LevelChange(sku=line.sku, location=location, on_hand=difference)
                    for line in command.lines
                    for location, difference in (
                        (command.source, -line.quantity),
                        (command.destination, line.quantity),
                    )
                ],
                reason=Reason.TRANSFERRED,
                reference=reference,
                actor=command.actor.id,
                at=now,
            )
            levels = [
                level
                for code in (command.source, command.destination)
                for level in await tx.stock.hold(skus, location=code)
            ]
            return TransferView(
                reference=reference,
                source=command.source,
                destination=command.destination,
                at=now,
                levels=tuple(levels),
            )

        return await run_once(
            self._transactions, command.idempotency, work, TransferView, resource_id=transfer_id, at=now
        )
