"""The ledger inside a transaction, in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion
from tradepost.ledger.account import Account
from tradepost.ledger.chain import Block, Entry
from tradepost.ledger.transfer import InsufficientFunds, Posting, Transfer
from tradepost_adapters.memory.database import Index, Session, TableOf, UniqueViolation


class Line(msgspec.Struct, frozen=True, gc=False):
    """A row: a posting at its place."""

    position: int
    transfer_id: str
    line: int
    account: str
    currency: str
    amount: int
    at: datetime
    subject: str | None

    @property
    def posting(self) -> Posting:
        return Posting.of_signed(self.account, Money(self.amount, self.currency), self.subject)


class Sum(msgspec.Struct, frozen=True, gc=False):
    """A row: what was posted to an account on a day, by one run."""

    account: str
    day: datetime
    amount: int


ACCOUNTS = TableOf[str, Account]("ledger_accounts")
BALANCES = TableOf[str, int]("ledger_balances")
TRANSFERS = TableOf[str, Transfer](
    "ledger_transfers", reference=Index(lambda transfer: transfer.reference, unique=True)
)
POSTINGS = TableOf[int, Line](
    "ledger_postings", account=Index(lambda line: line.account), subject=Index(lambda line: line.subject)
)
BLOCKS = TableOf[int, Block]("ledger_blocks")
RUNS = TableOf[int, int]("ledger_snapshot_runs")
"""Up to which position, by the one after which it began."""
SNAPSHOTS = TableOf[tuple[str, datetime, int], Sum]("ledger_snapshots", account=Index(lambda each: each.account))


def entries_between(session: Session, after: int, upto: int) -> tuple[Entry, ...]:
    """The entries after one position and up to another, in order."""
    transfers, accounts, lines = session.table(TRANSFERS), session.table(ACCOUNTS), session.table(POSTINGS)
    return tuple(
        _entry(line, transfers[line.transfer_id], accounts[line.account])
        for line in map(lines.get, range(after + 1, upto + 1))
        if line is not None
    )


def covered(session: Session) -> int:
    """Up to which position postings are in the snapshots."""
    return max(session.table(RUNS).values(), default=0)


class MemoryLedgerAccounts:
    """`LedgerAccounts` in memory."""

    def __init__(self, session: Session) -> None:
        self._accounts = session.table(ACCOUNTS)
        self._balances = session.table(BALANCES)

    async def of(self, codes: Sequence[str], /) -> Mapping[str, Account]:
        found = {code: self._accounts.get(code) for code in codes}
        return {code: account for code, account in found.items() if account is not None}

    async def balances(self, codes: Sequence[str], /) -> Mapping[str, int]:
        return {code: self._balances[code] for code in codes if code in self._balances}

    async def add(self, account: Account, /) -> None:
        try:
            self._accounts.add(account.code, account)
        except UniqueViolation as error:
            raise StaleVersion("The account") from error
        if account.floor is not None:
            self._balances.add(account.code, 0)


class MemoryLedgerTransfers:
    """`LedgerTransfers` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._accounts = session.table(ACCOUNTS)
        self._balances = session.table(BALANCES)
        self._transfers = session.table(TRANSFERS)
        self._postings = session.table(POSTINGS)

    async def find(self, reference: str, /) -> Transfer | None:
        return self._transfers.one("reference", reference)

    async def posted(self, references: Collection[str], /) -> frozenset[str]:
        return frozenset(each for each in references if self._transfers.has("reference", each))

    async def append(self, transfer: Transfer, /, *, changes: Mapping[str, int]) -> None:
        after = {code: self._balances[code] + amount for code, amount in changes.items()}
        short = [code for code, balance in after.items() if balance < (self._accounts[code].floor or 0)]
        if short:
            raise InsufficientFunds(short)
        for code, balance in after.items():
            self._balances[code] = balance
        try:
            self._transfers.add(transfer.id, transfer)
        except UniqueViolation as error:
            raise StaleVersion("The reference") from error
        for place, posting in enumerate(transfer.postings):
            # As nobody else is writing, positions follow one another, and a rollback gives them back.
            position = len(self._postings) + 1
            line = Line(
                position=position,
                transfer_id=transfer.id,
                line=place,
                account=posting.account,
                currency=posting.amount.currency,
                amount=posting.signed,
                at=transfer.at,
                subject=posting.subject,
            )
            self._postings.add(position, line)

    async def settled(self) -> int:
        return len(self._postings)


class MemoryLedgerBlocks:
    """`LedgerBlocks` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._blocks = session.table(BLOCKS)

    async def last(self) -> Block | None:
        return self._blocks.get(len(self._blocks))

    async def entries(self, after: int, upto: int, most: int, /) -> tuple[Entry, ...]:
        return entries_between(self._session, after, min(upto, after + most))

    async def add(self, block: Block, /) -> None:
        try:
            self._blocks.add(block.number, block)
        except UniqueViolation as error:
            raise StaleVersion("The chain") from error


class MemoryLedgerSnapshots:
    """`LedgerSnapshots` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._snapshots = session.table(SNAPSHOTS)
        self._runs = session.table(RUNS)

    async def covered(self) -> int:
        return covered(self._session)

    async def add(self, after: int, upto: int, at: datetime, /) -> None:
        try:
            self._runs.add(after, upto)
        except UniqueViolation as error:
            raise StaleVersion("The snapshots") from error
        lines = self._session.table(POSTINGS)
        sums: Counter[tuple[str, datetime]] = Counter()
        for position in range(after + 1, upto + 1):
            line = lines[position]
            sums[line.account, day_of(line.at)] += line.amount
        for (account, day), amount in sums.items():
            self._snapshots.add((account, day, upto), Sum(account, day, amount))


def day_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _entry(line: Line, transfer: Transfer, account: Account) -> Entry:
    return Entry(
        position=line.position,
        transfer_id=transfer.id,
        line=line.line,
        account=line.account,
        type=account.type.value,
        currency=line.currency,
        amount=line.amount,
        at=line.at,
        subject=line.subject,
        reference=transfer.reference,
        recorded_at=transfer.recorded_at,
        actor=transfer.actor,
        description=transfer.description,
        entries=len(transfer.postings),
    )
