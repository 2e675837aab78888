"""Tell what is, or was, on an account."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.ledger.ports import LedgerBalances
from tradepost.ledger.views import BalanceView


class GetBalanceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`at`: of what happened until then, that moment included. None: of everything."""

    actor: Actor
    account: str
    at: datetime | None = None


class GetBalance:
    """At any moment, however long ago. What is posted later for a time before it counts there too."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, balances: LedgerBalances) -> None:
        self._balances = balances

    async def __call__(self, query: GetBalanceQuery) -> BalanceView:
        """Raises `account.not_found`."""
        self.access.check(query.actor)
        return await self._balances.balance(query.account, query.at)
