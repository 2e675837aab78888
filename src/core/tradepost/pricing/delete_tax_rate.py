"""Delete a tax rate, so that the next less specific one holds."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.ports import HasTaxRates
from tradepost.pricing.tax_rate import TaxRateId


class DeleteTaxRateCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`expected_version` is the version the caller had read, if it is to be deleted at that version only."""

    actor: Actor
    tax_rate_id: TaxRateId
    expected_version: int | None = None


class DeleteTaxRate:
    """What was taxed at it is taxed at the next less specific rate from now on, and not at all where there is none."""

    access = staff(Permission.PRICING_WRITE)

    def __init__(self, transactions: Transactions[HasTaxRates], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: DeleteTaxRateCommand) -> None:
        """Raises `tax_rate.not_found` and `precondition.failed`."""
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasTaxRates) -> None:
            rate = await tx.tax_rates.get(command.tax_rate_id)
            rate.delete(expected=command.expected_version, at=now)
            await tx.tax_rates.remove(rate)

        await self._transactions.run(work)
