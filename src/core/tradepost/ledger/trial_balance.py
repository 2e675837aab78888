"""Draw up the trial balance: what is on all accounts, and that both sides are the same."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.ledger.ports import LedgerBalances
from tradepost.ledger.views import TrialBalanceView


class TrialBalanceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`at`: of what happened until then, that moment included. None: of everything."""

    actor: Actor
    at: datetime | None = None


class TrialBalance:
    """A line for each family of accounts, with totals by currency."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, balances: LedgerBalances) -> None:
        self._balances = balances

    async def __call__(self, query: TrialBalanceQuery) -> TrialBalanceView:
        self.access.check(query.actor)
        return await self._balances.trial_balance(query.at)
