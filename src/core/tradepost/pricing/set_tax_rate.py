"""Set what a tax category is taxed at in a country or region."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.ports import HasTaxRates
from tradepost.pricing.tax_rate import TaxRate
from tradepost.pricing.taxes import STANDARD
from tradepost.pricing.views import TaxRateView


class SetTaxRateCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is a decimal percent such as "19" or "7.7"; `region` the part of its ISO 3166-2 code after the country."""

    actor: Actor
    country: str
    region: str | None = None
    category: str = STANDARD
    rate: str


class SetTaxRate:
    """There is one rate for each country, region and category: setting it again changes it.

    Orders placed before keep the rate they were placed at.
    """

    access = staff(Permission.PRICING_WRITE)

    def __init__(self, transactions: Transactions[HasTaxRates], ids: TypeIds, clock: Clock) -> None:
        self._transactions = transactions
        self._ids = ids
        self._clock = clock

    async def __call__(self, command: SetTaxRateCommand) -> TaxRateView:
        """Raises `tax_rate.invalid` with every fault."""
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasTaxRates) -> TaxRateView:
            wanted = TaxRate.new(
                id=self._ids.new("taxrate"),
                country=command.country,
                region=command.region,
                category=command.category,
                rate=command.rate,
                at=now,
            )
            current = await tx.tax_rates.find(wanted.country, wanted.region, wanted.category)
            if current is None:
                await tx.tax_rates.add(wanted)
                return TaxRateView.of(wanted)
            if current.set(wanted.rate, at=now):
                await tx.tax_rates.save(current)
            return TaxRateView.of(current)

        return await self._transactions.run(work)
