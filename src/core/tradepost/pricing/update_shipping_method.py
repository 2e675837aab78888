"""Change a shipping method: its name, prices or reach, or whether it is offered."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.ports import HasShippingMethods
from tradepost.pricing.shipping import ShippingKind, Tariff
from tradepost.pricing.views import ShippingMethodView


class UpdateShippingMethodCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays as it is; tariffs and countries are replaced as a whole.

    `expected_version` is the version the caller had read, if it is to be changed at that version only.
    """

    actor: Actor
    code: str
    expected_version: int | None = None
    name: str | None = None
    kind: ShippingKind | None = None
    tariffs: tuple[Tariff, ...] | None = None
    countries: tuple[str, ...] | None = None
    active: bool | None = None


class UpdateShippingMethod:
    """Orders placed before keep what they were charged."""

    access = staff(Permission.PRICING_WRITE)

    def __init__(self, transactions: Transactions[HasShippingMethods], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: UpdateShippingMethodCommand) -> ShippingMethodView:
        """Raises `shipping_method.not_found`, `shipping_method.invalid` with every fault, and `precondition.failed`."""
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasShippingMethods) -> ShippingMethodView:
            method = await tx.shipping_methods.get(command.code)
            changed = method.change(
                expected=command.expected_version,
                at=now,
                name=command.name,
                kind=command.kind,
                tariffs=command.tariffs,
                countries=command.countries,
                active=command.active,
            )
            if changed:
                await tx.shipping_methods.save(method)
            return ShippingMethodView.of(method)

        return await self._transactions.run(work)
