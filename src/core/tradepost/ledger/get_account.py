"""Show an account."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.ledger.ports import LedgerViews
from tradepost.ledger.views import AccountView


class GetAccountQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    code: str


class GetAccount:
    """An account with what is on it now."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, views: LedgerViews) -> None:
        self._views = views

    async def __call__(self, query: GetAccountQuery) -> AccountView:
        """Raises `account.not_found`."""
        self.access.check(query.actor)
        return await self._views.account(query.code)
