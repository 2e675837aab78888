"""Open an account."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.transactions import Transactions
from tradepost.ledger import chart
from tradepost.ledger.account import Account, AccountTaken, AccountType
from tradepost.ledger.ports import BookkeepingTx
from tradepost.ledger.views import AccountView


class OpenAccountCommand(msgspec.Struct, frozen=True, kw_only=True):
    """See `Account` for what the fields mean."""

    actor: Actor
    code: str
    name: str
    type: AccountType
    currency: str
    floor: int | None = None
    idempotency: IdempotencyKey | None = None


class OpenAccount:
    """Accounts are opened once and never change; opening one that is there already, just as it is, does nothing.

    Raises `ledger.account_invalid` with every fault, and `AccountTaken`.
    """

    access = staff(Permission.LEDGER_WRITE)

    def __init__(self, transactions: Transactions[BookkeepingTx], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: OpenAccountCommand) -> AccountView:
        self.access.check(command.actor)
        account = Account.open(
            code=command.code,
            name=command.name,
            type=command.type,
            currency=command.currency,
            floor=command.floor,
            at=self._clock.now(),
        )
        chart.check(account)

        async def work(tx: BookkeepingTx) -> AccountView:
            stored = (await tx.ledger_accounts.of((account.code,))).get(account.code)
            if stored is None:
                await tx.ledger_accounts.add(account)
                return AccountView.of(account)
            if not stored.is_as(account):
                raise AccountTaken(account.code)
            return AccountView.of(stored)  # as it was opened; what is on it by now is for whoever asks

        return await run_once(
            self._transactions,
            command.idempotency,
            work,
            AccountView,
            resource_id=account.code,
            at=account.opened_at,
        )
