"""The ledger to look at, over committed rows."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.chain import Block, Entry
from tradepost.ledger.ports import AccountFilter, PostingFilter, TransferFilter
from tradepost.ledger.transfer import Transfer
from tradepost.ledger.views import (
    AccountView,
    BalanceView,
    LedgerCheck,
    LedgerTransferView,
    PostingView,
    TrialBalanceLine,
    TrialBalanceView,
    UnsealedTail,
)
from tradepost_adapters.memory.database import MemoryDatabase, Session
from tradepost_adapters.memory.ledger import (
    ACCOUNTS,
    BALANCES,
    BLOCKS,
    POSTINGS,
    SNAPSHOTS,
    TRANSFERS,
    Line,
    covered,
    day_of,
    entries_between,
)
from tradepost_adapters.memory.listing import page_of


class MemoryLedgerViews:
    """`LedgerViews` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def account(self, code: str, /) -> AccountView:
        with self._database.reading() as session:
            return _account(session, code, None)

    async def accounts(self, wanted: AccountFilter, page: PageRequest, /) -> Page[AccountView]:
        with self._database.reading() as session:
            codes = [
                account.code
                for account in session.table(ACCOUNTS).values()
                if account.code.startswith(wanted.prefix or "")
                and wanted.family in (None, account.family)
                and wanted.type in (None, account.type)
                and wanted.currency in (None, account.currency)
            ]
            return page_of(
                codes,
                page,
                lambda code: _account(session, code, None),
                key=str,
                sorts={"code": (str, str)},
                default="code",
            )

    async def transfer(self, transfer_id: str, /) -> LedgerTransferView:
        with self._database.reading() as session:
            found = session.table(TRANSFERS).get(transfer_id)
        if found is None:
            raise NotFound("transfer", transfer_id)
        return LedgerTransferView.of(found)

    async def transfers(self, wanted: TransferFilter, page: PageRequest, /) -> Page[LedgerTransferView]:
        with self._database.reading() as session:
            rows = list(session.table(TRANSFERS).values())
        return page_of(
            (
                transfer
                for transfer in rows
                if wanted.reference in (None, transfer.reference) and _is_when(transfer.at, wanted)
            ),
            page,
            LedgerTransferView.of,
            key=lambda transfer: transfer.id,
            sorts={"at": (datetime, lambda transfer: transfer.at)},
            default="-at",
        )

    async def postings(self, wanted: PostingFilter, page: PageRequest, /) -> Page[PostingView]:
        with self._database.reading() as session:
            table = session.table(POSTINGS)
            lines = list(table.values() if wanted.account is None else table.by("account", wanted.account))
            transfers = {line.transfer_id: session.table(TRANSFERS)[line.transfer_id] for line in lines}
        return page_of(
            (line for line in lines if wanted.subject in (None, line.subject) and _is_when(line.at, wanted)),
            page,
            lambda line: _posting(line, transfers[line.transfer_id]),
            key=lambda line: f"{line.position:020d}",
            sorts={"at": (datetime, lambda line: line.at), "position": (int, lambda line: line.position)},
            default="-at",
        )


class MemoryLedgerBalances:
    """`LedgerBalances` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def balance(self, code: str, at: datetime | None, /) -> BalanceView:
        with self._database.reading() as session:
            view = _account(session, code, at)
        return BalanceView(account=code, type=view.type, balance=view.balance, at=at)

    async def trial_balance(self, at: datetime | None, /) -> TrialBalanceView:
        sums: Counter[tuple[str, str, str]] = Counter()
        counts: Counter[tuple[str, str, str]] = Counter()
        with self._database.reading() as session:
            accounts = dict(session.table(ACCOUNTS).items())
            for code, account in accounts.items():
                if at is None or any(line.at <= at for line in session.table(POSTINGS).by("account", code)):
                    if not session.table(POSTINGS).has("account", code):
                        continue
                    group = account.family, account.type.value, account.currency
                    sums[group] += _signed(session, code, at)
                    counts[group] += 1
        types = {account.type.value: account.type for account in accounts.values()}
        lines = (
            TrialBalanceLine.of(family, types[type_], currency, accounts, sums[family, type_, currency])
            for (family, type_, currency), accounts in counts.items()
        )
        return TrialBalanceView.of(lines, at)


class MemoryLedgerAudit:
    """`LedgerAudit` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def checks(self) -> tuple[LedgerCheck, ...]:
        with self._database.reading() as session:
            transfers, lines = session.table(TRANSFERS), list(session.table(POSTINGS).values())
            by_transfer: dict[str, list[Line]] = {}
            for line in lines:
                by_transfer.setdefault(line.transfer_id, []).append(line)
            return (
                _check(
                    "transfers_balance",
                    ((each.id, _is_whole(session, each, by_transfer.get(each.id, []))) for each in transfers.values()),
                ),
                _check("postings_belong", ((str(line.position), line.transfer_id in transfers) for line in lines)),
                _check("floors_hold", _floors(session)),
                _check("snapshots_add_up", _snapshots(session)),
            )

    async def blocks(self, after: int, most: int, /) -> tuple[Block, ...]:
        with self._database.reading() as session:
            table = session.table(BLOCKS)
            found = [table.get(number) for number in range(after + 1, after + 1 + most)]
        return tuple(block for block in found if block is not None)

    async def entries(self, after: int, upto: int, /) -> tuple[Entry, ...]:
        with self._database.reading() as session:
            return entries_between(session, after, upto)

    async def unsealed(self) -> UnsealedTail:
        with self._database.reading() as session:
            blocks = session.table(BLOCKS)
            last = blocks[len(blocks)].last_position if len(blocks) else 0
            tail = entries_between(session, last, len(session.table(POSTINGS)))
        since = min((entry.recorded_at for entry in tail), default=None)
        return UnsealedTail(entries=len(tail), since=since)


def _signed(session: Session, code: str, at: datetime | None) -> int:
    upto = covered(session)
    sums, lines = session.table(SNAPSHOTS).by("account", code), session.table(POSTINGS).by("account", code)
    if at is None:
        return sum(each.amount for each in sums) + sum(line.amount for line in lines if line.position > upto)
    day = day_of(at)
    return sum(each.amount for each in sums if each.day < day) + sum(
        line.amount for line in lines if line.at <= at and (line.position > upto or line.at >= day)
    )


def _account(session: Session, code: str, at: datetime | None) -> AccountView:
    account = session.table(ACCOUNTS).get(code)
    if account is None:
        raise NotFound("account", code)
    return AccountView.of(account, _signed(session, code, at))


def _posting(line: Line, transfer: Transfer) -> PostingView:
    posting = line.posting
    return PostingView(
        position=line.position,
        transfer_id=transfer.id,
        reference=transfer.reference,
        at=line.at,
        account=line.account,
        side=posting.side,
        amount=posting.amount,
        subject=line.subject,
        description=transfer.description,
    )


def _is_when(at: datetime, wanted: PostingFilter | TransferFilter) -> bool:
    return (wanted.at_from is None or at >= wanted.at_from) and (wanted.at_before is None or at < wanted.at_before)


def _is_whole(session: Session, transfer: Transfer, lines: list[Line]) -> bool:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.currency] += line.amount
        account = session.table(ACCOUNTS).get(line.account)
        if account is None or account.currency != line.currency:
            return False
    return len(lines) == len(transfer.postings) and not any(sums.values())


def _floors(session: Session) -> Iterable[tuple[str, bool]]:
    for code, balance in session.table(BALANCES).items():
        account = session.table(ACCOUNTS)[code]
        posted = sum(line.amount for line in session.table(POSTINGS).by("account", code)) * account.type.sign
        yield code, account.floor is not None and balance == posted and balance >= account.floor


def _snapshots(session: Session) -> Iterable[tuple[str, bool]]:
    upto = covered(session)
    for code in {each.account for each in session.table(SNAPSHOTS).values()}:
        kept = sum(each.amount for each in session.table(SNAPSHOTS).by("account", code))
        lines = session.table(POSTINGS).by("account", code)
        yield code, kept == sum(line.amount for line in lines if line.position <= upto)


def _check(rule: str, verdicts: Iterable[tuple[str, bool]]) -> LedgerCheck:
    found = list(verdicts)
    wrong = [name for name, right in found if not right]
    return LedgerCheck(rule=rule, checked=len(found), wrong=len(wrong), example=min(wrong, default=None))
