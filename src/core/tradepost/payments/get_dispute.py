"""Look at one dispute."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.payments.ports import DisputeViews
from tradepost.payments.views import DisputeView


class GetDisputeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which one."""

    actor: Actor
    dispute_id: str


class GetDispute:
    """As the gateway told it last. Raises NotFound."""

    access = staff(Permission.PAYMENTS_READ)

    def __init__(self, views: DisputeViews) -> None:
        self._views = views

    async def __call__(self, query: GetDisputeQuery) -> DisputeView:
        self.access.check(query.actor)
        return await self._views.get(query.dispute_id)
