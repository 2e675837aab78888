"""Move store credit from one customer's wallet to another's."""

import msgspec

from tradepost.customers.access import one_self
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Fault, Invalid, NotFound
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.transfer import Transfer, credit, debit
from tradepost.wallets.ports import WalletTx
from tradepost.wallets.posting import post_new
from tradepost.wallets.views import WalletTransferView
from tradepost.wallets.wallet import (
    InsufficientStoreCredit,
    amount_faults,
    text_faults,
    told_of_wallets,
    wallet_code,
)


class TransferFundsCommand(msgspec.Struct, frozen=True, kw_only=True):
    """From `customer_id` to the customer `to`, who reads the `note` in their statement, and whose wallet it came from."""

    actor: Actor
    customer_id: str
    to: str
    amount: Money
    note: str = ""
    idempotency: IdempotencyKey | None = None


class TransferFunds:
    """For the customer whose wallet it is, and staff. All of it moves, or nothing.

    Whoever asks has to have the amount before they learn whether there is a customer `to`: opening an account is free,
    so one that has nothing in its wallet can not be used to find out who else is a customer.

    Raises `wallet.transfer_invalid` with every fault, `InsufficientStoreCredit`, `recipient.not_found`, NotFound to
    others, and what `run_once` raises.
    """

    access = own_or(Permission.STORE_CREDIT_WRITE, seen_with=Permission.CUSTOMERS_READ)

    def __init__(self, transactions: Transactions[WalletTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: TransferFundsCommand) -> WalletTransferView:
        self.access.check(command.actor, one_self(command.customer_id))
        _check(command)
        transfer = self._transfer(command)

        async def work(tx: WalletTx) -> WalletTransferView:
            await _check_funds(tx, command)
            await _check_recipient(tx, command.to)
            await post_new(tx, transfer)
            return WalletTransferView(
                transfer_id=transfer.id,
                customer_id=command.customer_id,
                to=command.to,
                amount=command.amount,
                note=command.note,
                at=transfer.at,
            )

        # What was there when it was looked at may be gone when it is taken: then the ledger refuses, possibly at commit.
        with told_of_wallets():
            return await run_once(
                self._transactions,
                command.idempotency,
                work,
                WalletTransferView,
                resource_id=transfer.id,
                at=transfer.at,
            )

    def _transfer(self, command: TransferFundsCommand) -> Transfer:
        now, transfer_id, amount = self._clock.now(), self._ids.new("transfer"), command.amount
        return Transfer(
            id=transfer_id,
            reference=f"wallet_transfer:{transfer_id}",
            at=now,
            recorded_at=now,
            actor=command.actor.id,
            postings=(
                debit(wallet_code(command.customer_id, amount.currency), amount, subject=command.to),
                credit(wallet_code(command.to, amount.currency), amount, subject=command.customer_id),
            ),
            description=command.note,
        )


def _check(command: TransferFundsCommand) -> None:
    faults = [*amount_faults(command.amount), *text_faults(command.note, "/note", least=0)]
    if command.to == command.customer_id:
        faults.append(Fault("/to", "is whose wallet it is in already"))
    if faults:
        raise Invalid("wallet.transfer_invalid", "Nothing was transferred: see errors.", *faults)


async def _check_funds(tx: WalletTx, command: TransferFundsCommand) -> None:
    code = wallet_code(command.customer_id, command.amount.currency)
    there = (await tx.ledger_accounts.balances((code,))).get(code)
    if there is None:
        await tx.customers.get(command.customer_id)  # staff may have named somebody who is none
    if (there or 0) < command.amount.amount:
        raise InsufficientStoreCredit(command.amount.currency)


async def _check_recipient(tx: WalletTx, customer_id: str) -> None:
    try:
        await tx.customers.get(customer_id)
    except NotFound as error:
        raise NotFound("recipient", customer_id) from error
