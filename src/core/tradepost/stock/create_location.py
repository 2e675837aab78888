"""Add a place where stock lies."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.transactions import Transactions
from tradepost.stock.location import Location
from tradepost.stock.ports import StockTx
from tradepost.stock.views import LocationView


class CreateLocationCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is what levels and movements name it by: `main`, `berlin-2`."""

    actor: Actor
    code: str
    name: str
    idempotency: IdempotencyKey | None = None


class CreateLocation:
    """It starts empty. Orders take from the default location; stock elsewhere gets there by a transfer."""

    access = staff(Permission.STOCK_WRITE)

    def __init__(self, transactions: Transactions[StockTx], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: CreateLocationCommand) -> LocationView:
        """Raises `location.invalid` with every fault, and `location.code_taken`."""
        self.access.check(command.actor)
        location = Location.new(code=command.code, name=command.name)

        async def work(tx: StockTx) -> LocationView:
            await tx.locations.add(location)
            return LocationView.of(location)

        return await run_once(
            self._transactions,
            command.idempotency,
            work,
            LocationView,
            resource_id=location.code,
            at=self._clock.now(),
        )
