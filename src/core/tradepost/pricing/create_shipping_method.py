"""Offer a new way to deliver."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.ports import HasShippingMethods
from tradepost.pricing.shipping import ShippingKind, Tariff
from tradepost.pricing.shipping_method import ShippingMethod
from tradepost.pricing.views import ShippingMethodView


class CreateShippingMethodCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`countries` are ISO 3166-1 alpha-2; none means everywhere."""

    actor: Actor
    code: str
    name: str
    kind: ShippingKind
    tariffs: tuple[Tariff, ...]
    countries: tuple[str, ...] = ()
    active: bool = True


class CreateShippingMethod:
    """It is offered at once, unless it is created inactive."""

    access = staff(Permission.PRICING_WRITE)

    def __init__(self, transactions: Transactions[HasShippingMethods], ids: TypeIds, clock: Clock) -> None:
        self._transactions = transactions
        self._ids = ids
        self._clock = clock

    async def __call__(self, command: CreateShippingMethodCommand) -> ShippingMethodView:
        """Raises `shipping_method.invalid` with every fault, and `shipping_method.code_taken`."""
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasShippingMethods) -> ShippingMethodView:
            method = ShippingMethod(
                id=self._ids.new("ship"),
                code=command.code,
                name=command.name,
                kind=command.kind,
                tariffs=command.tariffs,
                countries=command.countries,
                active=command.active,
            )
            method.create(at=now)
            await tx.shipping_methods.add(method)
            return ShippingMethodView.of(method)

        return await self._transactions.run(work)
