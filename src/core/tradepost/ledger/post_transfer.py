"""Post a transfer."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Invalid
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.chart import reference_faults
from tradepost.ledger.ports import BookkeepingTx
from tradepost.ledger.posting import post
from tradepost.ledger.transfer import Posting, Transfer
from tradepost.ledger.views import LedgerTransferView


class PostTransferCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`reference` says what it is posted for: under it nothing else is ever posted; those of orders are the shop's. `at` is
    when it happened: now, unless said."""

    actor: Actor
    reference: str
    postings: tuple[Posting, ...]
    description: str = ""
    at: datetime | None = None
    idempotency: IdempotencyKey | None = None


class PostTransfer:
    """All postings or none. Posting the same under the same reference again gives the transfer that is there.

    Raises `ledger.transfer_invalid` with every fault, `ReferenceTaken` and `InsufficientFunds`.
    """

    access = staff(Permission.LEDGER_WRITE)

    def __init__(self, transactions: Transactions[BookkeepingTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: PostTransferCommand) -> LedgerTransferView:
        self.access.check(command.actor)
        if faults := reference_faults(command.reference):
            raise Invalid("ledger.transfer_invalid", "Nothing was posted: see errors.", *faults)
        now = self._clock.now()
        transfer = Transfer(
            id=self._ids.new("transfer"),
            reference=command.reference,
            at=command.at or now,
            recorded_at=now,
            actor=command.actor.id,
            postings=command.postings,
            description=command.description,
        )

        async def work(tx: BookkeepingTx) -> LedgerTransferView:
            return LedgerTransferView.of(await post(tx, transfer))

        return await run_once(
            self._transactions, command.idempotency, work, LedgerTransferView, resource_id=transfer.id, at=now
        )
