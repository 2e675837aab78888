"""Give a customer store credit."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Invalid
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.chart import STORE_CREDIT
from tradepost.ledger.transfer import Transfer, credit, debit
from tradepost.wallets.ports import WalletTx
from tradepost.wallets.posting import post_new
from tradepost.wallets.views import StoreCreditView
from tradepost.wallets.wallet import amount_faults, text_faults, wallet_code


class GiveStoreCreditCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is what the customer reads in their statement."""

    actor: Actor
    customer_id: str
    amount: Money
    reason: str
    idempotency: IdempotencyKey | None = None


class GiveStoreCredit:
    """The shop pays for it: an expense, and owed to the customer from then on.

    Raises `wallet.credit_invalid` with every fault, NotFound, and what `run_once` raises.
    """

    access = staff(Permission.STORE_CREDIT_WRITE)

    def __init__(self, transactions: Transactions[WalletTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: GiveStoreCreditCommand) -> StoreCreditView:
        self.access.check(command.actor)
        amount, customer_id = command.amount, command.customer_id
        faults = [*amount_faults(amount), *text_faults(command.reason, "/reason", least=1)]
        if faults:
            raise Invalid("wallet.credit_invalid", "Nothing was given: see errors.", *faults)
        now, transfer_id = self._clock.now(), self._ids.new("transfer")
        transfer = Transfer(
            id=transfer_id,
            reference=f"store_credit:{transfer_id}",
            at=now,
            recorded_at=now,
            actor=command.actor.id,
            postings=(
                debit(STORE_CREDIT.of(amount.currency), amount, subject=customer_id),
                credit(wallet_code(customer_id, amount.currency), amount),
            ),
            description=command.reason,
        )

        async def work(tx: WalletTx) -> StoreCreditView:
            await tx.customers.get(customer_id)
            await post_new(tx, transfer)
            return StoreCreditView(
                transfer_id=transfer_id, customer_id=customer_id, amount=amount, reason=command.reason, at=now
            )

        return await run_once(
            self._transactions, command.idempotency, work, StoreCreditView, resource_id=transfer_id, at=now
        )
