"""Say at how many left a SKU counts as low."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.transactions import Transactions
from tradepost.stock.level import DEFAULT_LOCATION, MAX_QUANTITY
from tradepost.stock.lines import check_sku
from tradepost.stock.ports import StockTx
from tradepost.stock.views import LevelView


class SetLowStockCommand(msgspec.Struct, frozen=True, kw_only=True):
    """At `low_at` available or fewer it counts as low; None: never."""

    actor: Actor
    sku: str
    low_at: int | None
    location: str = DEFAULT_LOCATION


class SetLowStock:
    """Makes an empty level where there is none, so that what has yet to arrive is listed as low as well."""

    access = staff(Permission.STOCK_WRITE)

    def __init__(self, transactions: Transactions[StockTx]) -> None:
        self._transactions = transactions

    async def __call__(self, command: SetLowStockCommand) -> LevelView:
        """Raises `stock.threshold_invalid` with every fault, and `location.not_found`."""
        self.access.check(command.actor)
        faults = check_sku(command.sku, "/sku")
        if command.low_at is not None and not 0 <= command.low_at <= MAX_QUANTITY:
            faults.append(Fault("/low_at", f"must be between 0 and {MAX_QUANTITY}, or nothing"))
        if faults:
            raise Invalid("stock.threshold_invalid", "This threshold can not be set: see errors.", *faults)

        async def work(tx: StockTx) -> LevelView:
            await tx.locations.get(command.location)
            await tx.stock.open([command.sku], location=command.location)
            await tx.stock.set_low_at(command.sku, command.low_at, location=command.location)
            (level,) = await tx.stock.hold([command.sku], location=command.location)
            return level

        return await self._transactions.run(work)
