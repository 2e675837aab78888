"""What the ledger needs from outside."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.idempotency import HasIdempotency
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.account import Account, AccountType
from tradepost.ledger.chain import Block, Entry
from tradepost.ledger.transfer import Transfer
from tradepost.ledger.views import (
    AccountView,
    BalanceView,
    LedgerCheck,
    LedgerTransferView,
    PostingView,
    TrialBalanceView,
    UnsealedTail,
)


class LedgerAccounts(Protocol):
    """The accounts, inside a transaction. They are added and never changed; the database sees to that."""

    async def of(self, codes: Sequence[str], /) -> Mapping[str, Account]:
        """Those of them that there are, by code."""
        ...

    async def balances(self, codes: Sequence[str], /) -> Mapping[str, int]:
        """What is on those of them that have a floor, by code, as it is at this moment: it may be less when it is to be
        taken, and then `append` refuses."""
        ...

    async def add(self, account: Account, /) -> None:
        """Raises `StaleVersion` when somebody else has just opened one with its code, now or at commit."""
        ...


class LedgerTransfers(Protocol):
    """The transfers, inside a transaction. The database refuses to change or remove one, and to commit one whose postings
    do not add up to zero in every currency, whose accounts are not there, or to which postings were added later."""

    async def find(self, reference: str, /) -> Transfer | None: ...

    async def posted(self, references: Collection[str], /) -> frozenset[str]:
        """Those of the references that something was posted under."""
        ...

    async def append(self, transfer: Transfer, /, *, changes: Mapping[str, int]) -> None:
        """Write it down, and by `changes` the balances of accounts with a floor, which are locked in order of code.

        Raises `InsufficientFunds` naming every account that would go below its floor, and `StaleVersion` when the reference
        has just been used by somebody else: both now or at commit.
        """
        ...

    async def settled(self) -> int:
        """A position up to which the ledger is finished: whatever is posted later, also by those who have begun
        already, has a higher one. 0: nothing is."""
        ...


class LedgerBlocks(Protocol):
    """The chain, inside a transaction."""

    async def last(self) -> Block | None: ...

    async def entries(self, after: int, upto: int, most: int, /) -> tuple[Entry, ...]:
        """Those after one position and up to another, in order, at most so many."""
        ...

    async def add(self, block: Block, /) -> None:
        """Raises `StaleVersion` when somebody else has just added one of its number."""
        ...


class LedgerSnapshots(Protocol):
    """Sums of postings by account and day, inside a transaction: what is summed once need not be summed again."""

    async def covered(self) -> int:
        """Up to which position postings are in the sums."""
        ...

    async def add(self, after: int, upto: int, at: datetime, /) -> None:
        """Sum the postings after one position and up to another. Raises `StaleVersion` when they are summed already."""
        ...


class HasLedgerAccounts(Protocol):
    @property
    def ledger_accounts(self) -> LedgerAccounts: ...


class HasLedgerTransfers(Protocol):
    @property
    def ledger_transfers(self) -> LedgerTransfers: ...


class HasLedgerBlocks(Protocol):
    @property
    def ledger_blocks(self) -> LedgerBlocks: ...


class HasLedgerSnapshots(Protocol):
    @property
    def ledger_snapshots(self) -> LedgerSnapshots: ...


class PostingTx(HasLedgerAccounts, HasLedgerTransfers, Protocol):
    """What posting touches."""


class BookkeepingTx(PostingTx, HasIdempotency, Protocol):
    """What commands of people touch."""


class SealingTx(HasLedgerTransfers, HasLedgerBlocks, Protocol):
    """What sealing touches."""


class SummingTx(HasLedgerTransfers, HasLedgerSnapshots, Protocol):
    """What taking snapshots touches."""


class LedgerTx(BookkeepingTx, SealingTx, SummingTx, Protocol):
    """All of it."""


class AccountFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts a list shows; None means any. `prefix` is what their codes begin with."""

    prefix: str | None = None
    family: str | None = None
    type: AccountType | None = None
    currency: str | None = None


class PostingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which postings a statement shows; None means any. From `at_from` on, and before `at_before`."""

    account: str | None = None
    subject: str | None = None
    at_from: datetime | None = None
    at_before: datetime | None = None


class TransferFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which transfers a list shows; None means any."""

    reference: str | None = None
    at_from: datetime | None = None
    at_before: datetime | None = None


class LedgerViews(Protocol):
    """The ledger to look at, outside any transaction: one query each, so each shows one moment."""

    async def account(self, code: str, /) -> AccountView:
        """Raises `NotFound`."""
        ...

    async def accounts(self, wanted: AccountFilter, page: PageRequest, /) -> Page[AccountView]:
        """Sorted by `code`."""
        ...

    async def transfer(self, transfer_id: str, /) -> LedgerTransferView:
        """Raises `NotFound`."""
        ...

    async def transfers(self, wanted: TransferFilter, page: PageRequest, /) -> Page[LedgerTransferView]:
        """Sorted by `at`."""
        ...

    async def postings(self, wanted: PostingFilter, page: PageRequest, /) -> Page[PostingView]:
        """Sorted by `at` or `position`; the latest first unless asked."""
        ...


class LedgerBalances(Protocol):
    """Sums, outside any transaction: of snapshots and what came after them, in one query each."""

    async def balance(self, code: str, at: datetime | None, /) -> BalanceView:
        """Of what happened until then, that moment included; None: of everything. Raises `NotFound`."""
        ...

    async def trial_balance(self, at: datetime | None, /) -> TrialBalanceView:
        """Of all accounts that were posted to, by family, type and currency."""
        ...


class LedgerAudit(Protocol):
    """What a verification looks at, outside any transaction: one query each."""

    async def checks(self) -> tuple[LedgerCheck, ...]:
        """`transfers_balance`: every transfer has as many postings as it says, on accounts of their currency, and they
        add up to zero; `postings_belong`: every posting has a transfer; `floors_hold`: the balance kept of an account
        with a floor is the sum of its postings and not below it; `snapshots_add_up`: the sums kept are the sums."""
        ...

    async def blocks(self, after: int, most: int, /) -> tuple[Block, ...]:
        """Those with a higher number, in order, at most so many."""
        ...

    async def entries(self, after: int, upto: int, /) -> tuple[Entry, ...]:
        """Those after one position and up to another, in order."""
        ...

    async def unsealed(self) -> UnsealedTail: ...
